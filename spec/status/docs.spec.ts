import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Metrics } from '#src/status/metrics.js';
import { openApi } from '#src/status/openApi.js';
import { consumerSchema, peersQuery, producerSchema, SORTS, statusSchema } from '#src/status/schema.js';
import { worldOf } from '../support/page/picture.js';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

describe('docs/status.md', () => {
  const page = read('docs/status.md');
  const names = (words: readonly string[]): void => {
    for (const word of words) expect(page, word).to.include(`\`${word}\``);
  };

  it('has every problem, and none that there is not', () => {
    const source = read('src/status/problems.ts');
    const codes = [...source.matchAll(/(?:bad\(|notice\(|code:)\s*'([a-z-]+)'/g)].map(([, code = '']) => code);
    const table = page.slice(page.indexOf('## Problems'), page.indexOf('## Metrics'));
    const rows = [...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code = '']) => code);
    expect(new Set(rows)).to.deep.equal(new Set(codes));
    expect(codes.length).to.be.greaterThan(15);
  });

  it('has every metric', async () => {
    const text = await new Metrics({ version: '1', node: '2' }, { fenced: new Map() }).text(
      worldOf(5, Date.now()).status,
    );
    const own = [...text.matchAll(/^# TYPE consumer_scheduler_(\w+)/gm)].map(([, name = '']) => name);
    expect(own.length).to.be.greaterThan(15);
    names(own);
  });

  it('has every path, field, parameter, order and state', () => {
    const { paths } = openApi('1') as { readonly paths: object };
    names(Object.keys(paths).map((path) => path.replace(/\{(\w+)\}/g, '<$1>')));
    names(Object.keys(statusSchema.shape));
    names(Object.keys(peersQuery.shape));
    names(SORTS);
    names([...consumerSchema.shape.state.options, ...producerSchema.shape.state.options]);
  });
});
