import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ProcessIdentity } from '#src/domain/leader.js';
import { isGone, ownIdentity } from '#src/leader/processIdentity.js';
import { eventually } from '../support/eventually.js';

/** The state of a process and when it started, as proc(5) has them, by another way of reading. */
function statOf(pid: number | string): { readonly state: string; readonly started: string } {
  const [, state = '', started = ''] =
    /^\d+ \(.*\) ([A-Z]) (?:-?\d+ ){18}(\d+) /s.exec(readFileSync(`/proc/${String(pid)}/stat`, 'utf8')) ?? [];
  return { state, started };
}

describe('ownIdentity', () => {
  before(async function () {
    if ((await ownIdentity()) === undefined) this.skip();
  });

  it('is that of this process, since this start of the host', async () => {
    const own = await ownIdentity();
    expect(own).to.include({ pid: process.pid, started: statOf('self').started });
    expect(own?.boot).to.match(/^[\da-f-]{36}$/);
  });

  for (const title of ['x) Z 1', 'a b) c', ') ']) {
    it(`is not mistaken for a name that looks like the rest: ${JSON.stringify(title)}`, async () => {
      const own = await ownIdentity();
      const before = process.title;
      process.title = title;
      try {
        expect(readFileSync('/proc/self/comm', 'utf8')).to.equal(`${title}\n`);
        expect(await ownIdentity()).to.deep.equal(own);
      } finally {
        process.title = before;
      }
    });
  }
});

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

  it('of one that has ended and is not waited for: yes', async () => {
    // It ends once its parent has become a program that waits for no child; the shell would do that.
    const ends = 'p=$$; (until grep -q sleep /proc/$p/comm; do :; done) & echo $!; exec sleep 60';
    const parent = spawn('sh', ['-c', ends], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
      const pid = Number(line);
      await eventually(() => {
        expect(statOf(pid).state).to.equal('Z');
      });
      expect(await isGone({ ...own, pid, started: statOf(pid).started }, own)).to.equal(true);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('of one that can be signalled though /proc does not show it: no', async () => {
    // This id stands for our own group of processes.
    expect(await isGone({ ...own, pid: 0, started: '1' }, own)).to.equal(false);
  });

  it('of one in another namespace, of another start of the host, or where we know nothing of ourselves: no', async () => {
    const gone = { ...own, started: '1' };
    expect(await isGone({ ...gone, boot: 'another' }, own)).to.equal(false);
    expect(await isGone({ ...gone, pidNamespace: 'another' }, own)).to.equal(false);
    expect(await isGone(gone, undefined)).to.equal(false);
  });
});
