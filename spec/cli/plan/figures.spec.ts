import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { FIGURES, MEASURED_PRODUCERS, MEASURED_SLOTS } from '#src/cli/plan/figures.js';
import { grouped } from '#src/domain/text/figures.js';
import { schema } from '#src/config/config.js';

describe('the measured figures of a plan', () => {
  const page = readFileSync(new URL('../../../../docs/performance.md', import.meta.url), 'utf8');
  const sectionOf = (title: string): string => {
    const [, text = ''] = page.split(`## ${title}\n`);
    return text.split('\n## ')[0] ?? '';
  };

  for (const [name, { value, unit, section }] of Object.entries(FIGURES)) {
    it(`has ${name} from docs/performance.md, "${section}"`, () => {
      const quoted = unit === '%' ? `${String(value)}%` : `${grouped(value)} ${unit}`;
      // Broken over two lines it is still quoted, as part of a longer number it is not.
      expect(sectionOf(section).replace(/\s+/g, ' ')).to.match(new RegExp(`(?<![\\d,.])${quoted}`));
    });
  }

  it('knows what they were measured with', () => {
    const { history } = schema.parse({ uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11' });
    expect(MEASURED_SLOTS).to.equal(history.hours + history.days);
    expect(sectionOf(FIGURES.record.section)).to.match(
      new RegExp(`\\| ${grouped(MEASURED_PRODUCERS)} .*\\| ${String(FIGURES.record.value)} ms`),
    );
  });
});
