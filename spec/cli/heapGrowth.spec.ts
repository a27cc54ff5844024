import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { limitHeapGrowth } from '#src/cli/heapGrowth.js';

const MODULE = new URL('../../../dist/cli/heapGrowth.js', import.meta.url).href;

describe('limitHeapGrowth', () => {
  const complaintsOf = (code: string): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stderr;
  const limit = (version: string): string =>
    `import { limitHeapGrowth } from '${MODULE}'; limitHeapGrowth(${version});`;

  it('sets a flag that this V8 knows', () => {
    expect(complaintsOf(limit(''))).to.equal('');
    expect(complaintsOf(`import v8 from 'node:v8'; v8.setFlagsFromString('--no-such-flag');`)).to.include(
      'no-such-flag',
    );
  });

  it('leaves a V8 alone that it was not tried on', () => {
    const flags: string[] = [];
    limitHeapGrowth('27.0.0', (flag) => flags.push(flag));
    expect(flags).to.deep.equal([]);
    limitHeapGrowth('26.12.1', (flag) => flags.push(flag));
    expect(flags).to.deep.equal(['--heap-growing-percent=60']);
  });
});
