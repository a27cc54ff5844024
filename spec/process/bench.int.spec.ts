import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const BENCH = fileURLToPath(new URL('../../../bench/cost.mjs', import.meta.url));

/** What it came to in a short form; times are not looked at, only that everything is measured. */
interface Measured {
  readonly peers: number;
  readonly results: Readonly<Record<string, { readonly turns: readonly number[] }>>;
  readonly ratios: Readonly<Record<string, number>>;
}

describe('bench/cost.mjs', () => {
  it('measures the bare loops and the program with each client, and prints Markdown and JSON', async () => {
    const child = spawn(process.execPath, [BENCH, '20', '1', '1'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let faults = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (faults += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, faults }).to.deep.equal({ code: 0, faults: '' });
    const { peers, results, ratios } = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Measured;
    const names = [
      'bare loop, node:http',
      'bare loop, native',
      'run, native',
      'bare loop, node-fetch',
      'run, node-fetch',
      'sync, native',
    ];
    expect(peers).to.equal(20);
    expect(Object.keys(results)).to.deep.equal(names);
    for (const { turns } of Object.values(results)) expect(turns.filter(Number.isFinite)).to.have.length(1);
    expect(Object.keys(ratios)).to.have.length(3);
    for (const name of names) expect(said).to.match(new RegExp(`^\\| ${name} +\\|.* µs`, 'm'));
  }).timeout(120_000);
});
