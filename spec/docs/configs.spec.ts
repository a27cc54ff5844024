import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from '#src/config/load.js';
import { blocksOf, PAGES } from '../support/docs/pages.js';

const UUID = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
/** What is YAML for another program, by its first key, and which. */
const OTHERS: Readonly<Record<string, string>> = { scrape_configs: 'Prometheus' };

describe('the configurations in the documentation', () => {
  const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'yaml');
  const firstKey = (text: string): string => Object.keys(parse(text) as object)[0] ?? '';

  it('are found, and so is what is for other programs', () => {
    expect(blocks.length).to.be.greaterThan(15);
    const keys = new Set(blocks.map(({ text }) => firstKey(text)));
    expect([...keys]).to.include.members(Object.keys(OTHERS));
  });

  for (const { page, line, text } of blocks) {
    if (firstKey(text) in OTHERS) continue;
    it(`are accepted in ${page}, line ${line}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'config-'));
      try {
        // One without a UUID is a part of a configuration.
        const part = parse(text) as object;
        const whole = 'uuid' in part ? text : stringify({ uuid: UUID, ...part });
        const file = join(folder, 'config.yaml');
        writeFileSync(file, whole);
        const { warnings } = await loadConfig({ file, env: {} });
        expect(warnings).to.deep.equal([]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
