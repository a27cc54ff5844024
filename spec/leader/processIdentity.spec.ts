import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ProcessIdentity } from '#src/domain/leader.js';
import { isGone, ownIdentity } from '#src/leader/processIdentity.js';

describe('isGone', () => {
  let own: ProcessIdentity;
  before(async function () {
    const found = await ownIdentity();
    if (found === undefined) this.skip();
    own = found;
  });

  it('of a process that runs: no', async () => {
    expect(await isGone(own, own)).to.equal(false);
  });

  it('of one whose id another one has by now: yes', async () => {
    expect(await isGone({ ...own, started: '1' }, own)).to.equal(true);
  });

  it('of one that has ended: yes', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    const { pid = 0 } = child;
    await once(child, 'exit');
    expect(await isGone({ ...own, pid, started: '1' }, own)).to.equal(true);
  });

  it('of one in another namespace, of another start of the host, or where we know nothing of ourselves: no', async () => {
    const gone = { ...own, started: '1' };
    expect(await isGone({ ...gone, boot: 'another' }, own)).to.equal(false);
    expect(await isGone({ ...gone, pidNamespace: 'another' }, own)).to.equal(false);
    expect(await isGone(gone, undefined)).to.equal(false);
  });
});
