import { expect } from 'chai';
import fc from 'fast-check';
import type { Message } from '#src/domain/notify/message.js';
import { PLACEHOLDERS, templateFault } from '#src/domain/notify/placeholders.js';
import { ntfyTarget, payloadOf, TEMPLATES } from '#src/domain/notify/template.js';

const URL_OF = 'https://hook.example/a/b?c=d';
const ORIGIN = { node: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11', host: 'nas-1' };
const message = (over: Partial<Message> = {}): Message => ({
  ...{ event: 'redis-down', phase: 'began', level: 'bad', at: 1_764_000_000_000, since: 1_763_999_940_000 },
  ...{ title: "Redis can't be used", text: 'refused' },
  ...over,
});
const sent = (template: string, over: Partial<Message> = {}, url = URL_OF) => {
  const payload = payloadOf(template, url, message(over), ORIGIN);
  return { url: payload.url, body: JSON.parse(payload.body) as Record<string, unknown> };
};

describe('the templates', () => {
  const title = "consumer-scheduler on nas-1: Redis can't be used";

  it('json has everything', () => {
    expect(sent('json')).to.deep.equal({
      url: URL_OF,
      body: {
        ...{ event: 'redis-down', phase: 'began', level: 'bad', title, text: 'refused', ...ORIGIN },
        ...{ at: '2025-11-24T16:00:00.000Z', since: '2025-11-24T15:59:00.000Z' },
      },
    });
    expect(sent('json', { since: undefined }).body.since).to.equal(null);
  });

  it('ntfy takes a topic at the root of its server', () => {
    expect(sent('ntfy', {}, 'https://ntfy.example/node-1?auth=x')).to.deep.equal({
      url: 'https://ntfy.example/?auth=x',
      body: { topic: 'node-1', title, message: 'refused', priority: 4, tags: ['rotating_light'] },
    });
    expect(sent('ntfy', { level: 'good' }, 'https://h/t/').body).to.include({ topic: 't', priority: 3 });
    expect(ntfyTarget('https://h/')).to.equal(undefined);
  });

  it('gotify', () => {
    expect(sent('gotify').body).to.deep.equal({ title, message: 'refused', priority: 8 });
  });

  it('slack, in which no text is markup', () => {
    expect(sent('slack', { text: '<!channel> & <@U1>' }).body).to.deep.equal({
      text: `*${title}*\n&lt;!channel&gt; &amp; &lt;@U1&gt;`,
    });
  });

  it('mattermost, in which no text calls anybody', () => {
    expect(sent('mattermost', { text: '@all' }).body).to.deep.equal({ text: `**${title}**\n@\u200ball` });
  });

  it('discord, in which no text calls anybody or is too long', () => {
    expect(sent('discord').body).to.deep.equal({ content: `**${title}**\nrefused`, allowed_mentions: { parse: [] } });
    expect(sent('discord', { text: 'x'.repeat(5_000) }).body.content).to.have.length(2_000);
  });

  it('one of the operator’s own has each value where its name stands', () => {
    const own = `{"a": "{{event}} {{ phase }}", "b": ["{{node}}{{host}}"], "c": "{x}"}`;
    expect(sent(own).body).to.deep.equal({ a: 'redis-down began', b: [`${ORIGIN.node}nas-1`], c: '{x}' });
  });

  it('are JSON whatever stands in a value, and give it back as it was', () => {
    const own = `{"all": "${PLACEHOLDERS.map((name) => `{{${name}}}`).join('|')}", "text": "{{text}}"}`;
    const text = fc.string({
      unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '{', '}', '\n', '\u2028', '\ud800')),
    });
    fc.assert(
      fc.property(text, fc.constantFrom(...TEMPLATES, own), (value, template) => {
        const { body } = sent(template, { text: value, title: value });
        if (template === own) expect(body.text).to.equal(value);
        if (template === 'json' || template === 'gotify') expect(JSON.stringify(body)).to.include(escapedAs(value));
      }),
    );
  });

  it('no value is taken for a template', () => {
    expect(sent('{"a": "{{title}}"}', { title: '{{text}}', text: 'x' }).body.a).to.match(/\{\{text\}\}$/);
  });
});

function escapedAs(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

describe('templateFault', () => {
  it('takes a JSON text with placeholders in its strings', () => {
    for (const good of ['{}', '["{{ title }}"]', '{"{{event}}": {"a": "x{{at}}"}}']) {
      expect(templateFault(good), good).to.equal(undefined);
    }
  });

  it('names the placeholders where one is not known', () => {
    expect(templateFault('{"a": "{{message}}"}')).to.match(/^only these placeholders: \{\{event\}\} /);
  });

  it('takes nothing that a value could break', () => {
    for (const bad of ['{"a": {{title}}}', '{"a": "{{title}}}', '{"a": "\\{{title}}"}', 'x', '{"a": 1,}']) {
      expect(templateFault(bad), bad).to.match(/placeholders stand inside of its strings/);
    }
  });

  it('what it takes is JSON whatever the values are', () => {
    const piece = fc.oneof(
      fc.constantFrom('{{title}}', '{{text}}', '"', '\\', '\\\\', 'x', ':', ',', '[', ']', '{', '}', ' '),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.string(), (pieces, value) => {
        const template = `["${pieces.join('')}"]`;
        fc.pre(templateFault(template) === undefined);
        sent(template, { title: value, text: value });
      }),
      { numRuns: 2_000 },
    );
  });
});
