import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { setHeapFlags } from '#src/cli/heapFlags.js';

const MODULE = new URL('../../../dist/cli/heapFlags.js', import.meta.url).href;

describe('setHeapFlags', () => {
  const complaintsOf = (code: string): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stderr;
  const set = (version: string): string => `import { setHeapFlags } from '${MODULE}'; setHeapFlags(${version});`;

  it('sets flags that this V8 knows', () => {
    expect(complaintsOf(set(''))).to.equal('');
    expect(complaintsOf(`import v8 from 'node:v8'; v8.setFlagsFromString('--no-such-flag');`)).to.include(
      'no-such-flag',
    );
  });

  it('leaves a V8 alone that it was not tried on', () => {
    const flags: string[] = [];
    setHeapFlags('27.0.0', (flag) => flags.push(flag));
    expect(flags).to.deep.equal([]);
    setHeapFlags('26.12.1', (flag) => flags.push(flag));
    expect(flags).to.deep.equal(['--heap-growing-percent=20', '--no-allocation-site-pretenuring']);
  });
});
