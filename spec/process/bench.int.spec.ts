import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const PEERS = '20';
const BENCH = fileURLToPath(new URL('../../../bench/cost.mjs', import.meta.url));

/** What it came to in a short form; times are not looked at, only that everything is measured. */
interface Measured {
  readonly results: Readonly<Record<string, Readonly<Record<string, { readonly us: number; readonly peak: number }>>>>;
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

describe('bench/cost.mjs', () => {
  it('measures the bare loops and the program with each client, and prints Markdown and JSON', async () => {
    const child = spawn(process.execPath, [BENCH, PEERS, '1'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let faults = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (faults += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, faults }).to.deep.equal({ code: 0, faults: '' });
    const { results, ratios } = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Measured;
    const names = [
      'bare loop, node:http',
      'bare loop, native',
      'run, native',
      'bare loop, node-fetch',
      'run, node-fetch',
      'sync, native',
    ];
    // Where they are installed, other programs are measured as well.
    expect(Object.keys(results[PEERS] ?? {})).to.include.members(names);
    for (const { us, peak } of Object.values(results[PEERS] ?? {})) {
      expect([us, peak].filter(Number.isFinite)).to.have.length(2);
    }
    expect(Object.keys(ratios[PEERS] ?? {})).to.have.length.greaterThan(2);
    for (const name of names) expect(said).to.match(new RegExp(`^\\| ${name} +\\|.* µs`, 'm'));
  }).timeout(120_000);
});
