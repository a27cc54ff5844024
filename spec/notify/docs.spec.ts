import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { schema } from '#src/config/config.js';
import { NOTIFY_EVENTS } from '#src/domain/notify/message.js';
import { PLACEHOLDERS } from '#src/domain/notify/placeholders.js';
import { TEMPLATES } from '#src/domain/notify/template.js';

describe('docs/alerts.md', () => {
  const page = readFileSync(new URL('../../../docs/alerts.md', import.meta.url), 'utf8');

  it('has every event, template and placeholder', () => {
    const names = [...NOTIFY_EVENTS, ...TEMPLATES, ...PLACEHOLDERS.map((name) => `{{${name}}}`)];
    for (const name of names) expect(page, name).to.match(new RegExp(`^\\| \`${name}\` `, 'm'));
  });

  it('has examples that are valid', () => {
    const examples = [...page.matchAll(/```yaml\n(notify:.*?)```/gs)].map(([, text = '']) => parse(text) as object);
    expect(examples.length).to.be.at.least(2);
    for (const example of examples) {
      const { error } = schema.safeParse({ uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11', ...example });
      expect(error).to.equal(undefined);
    }
  });
});
