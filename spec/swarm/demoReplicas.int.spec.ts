import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DEMO = fileURLToPath(import.meta.resolve('#swarm/demoReplicas.js'));

describe('the demo of replicas', () => {
  it('shares the work, moves the shares of one that is killed, and announces a new IP by one leader', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [DEMO, '--fast']);
    const lines = stdout.split('\n');
    for (const line of lines) expect(line.length, line).to.be.at.most(80);
    const hints = lines.filter((line) => line.startsWith('→ '));
    expect(hints.filter((hint) => hint.startsWith('→ shares: '))).to.have.length(3);
    expect(stdout).to.match(/shares: (nas-\d( \(leads\))? 2[0-2],? ?){3}\n/);
    expect(stdout).to.match(/nas-2 is killed[\s\S]*shares: (nas-[13]( \(leads\))? 32,? ?){2}\n/);
    expect(stdout).to.match(/→ its shares have moved within \d+\.\d s/);
    expect(stdout).to.include('5 of 5 producers know 93.184.216.99');
    expect(stdout).to.not.include('is unavailable');
  }).timeout(90_000);
});
