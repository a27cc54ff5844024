import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { startBound, type BoundChild } from '#src/clients/boundChild.js';

const PATIENCE_MS = 10_000;

describe('startBound', () => {
  const shell = (script: string): BoundChild => startBound('/bin/sh', ['-c', script], { PATH: process.env.PATH });

  it('tells how the program ended by itself, and what it said last', async () => {
    const child = shell('for i in 1 2 3 4; do echo "line $i"; done; echo last >&2; exit 7');
    expect(await child.ended).to.equal('it ended with code 7');
    expect(child.lastOutput().split(' | ')).to.have.length(3).and.include('last');
    await child.stop(PATIENCE_MS);
  });

  it('hands its arguments on as they are', async () => {
    const child = startBound('/bin/echo', ['$HOME', '"quoted"', 'two words', "it's"]);
    await child.ended;
    expect(child.lastOutput()).to.equal(`$HOME "quoted" two words it's`);
  });

  it('says so where there is no such program', async () => {
    const child = startBound('/nowhere/program', []);
    expect(await child.ended).to.equal('it ended with code 127');
    expect(child.lastOutput()).to.match(/nowhere\/program.*not found/);
  });

  it('names the signal that ended the program', async () => {
    expect(await shell('kill -KILL $$').ended).to.equal('it ended with SIGKILL');
  });

  it('hands on no variable that it is not given', async () => {
    const child = startBound('/usr/bin/env', [], { GIVEN: 'yes' });
    await child.ended;
    expect(child.lastOutput())
      .to.include('GIVEN=yes')
      .and.not.match(/HOME|npm_|NODE_(?!V8_COVERAGE=)/);
  });

  it('asks the program to end', async () => {
    const child = shell('trap "echo asked; exit 0" TERM; echo ready; while :; do sleep 0.01; done');
    await said(child, 'ready');
    await child.stop(PATIENCE_MS);
    expect(child.lastOutput()).to.include('asked');
    expect(await child.ended).to.equal('it ended with code 0');
  });

  it('ends one that does not listen', async () => {
    const child = shell('trap "" TERM; echo ready; while :; do sleep 0.01; done');
    await said(child, 'ready');
    await child.stop(1);
    expect(await child.ended).to.equal('it ended with SIGKILL');
  });

  it('goes on listening to one that says a lot', async () => {
    const child = shell(
      'i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo "a line to fill the pipe with, number $i"; done',
    );
    expect(await child.ended).to.equal('it ended with code 0');
    expect(child.lastOutput()).to.match(/number 2000$/);
  });
});

async function said(child: BoundChild, words: string): Promise<void> {
  while (!child.lastOutput().includes(words)) await delay(5);
}
