import { expect } from 'chai';
import fc from 'fast-check';
import { replay } from '../support/fuzz/inputs.js';
import { END, inhabit, isWithin, live, MINUTE, world$, type World } from '../support/models/world.js';
import { report, scale } from '../support/scale.js';
import { freeze } from '../support/timers.js';
import type { VirtualNode } from '../support/virtualNode.js';

const RUNS = 12 * scale;

/** An entry that was read less than half as long ago is not read again. */
const A_MOMENT = 2_000;
/** An interval with its jitter, a round in which all workers wait for silent peers, and the tick of a lane. */
const LONGEST_GAP = 63_000 + 60_000 + 12_000;

/** The lanes against each other and the rounds against the evidence, in worlds that nobody has thought of. */
describe('a node in any world, in virtual time', () => {
  let calls = 0;

  it('lies about no peer, forgets none, and calls none twice at once', async () => {
    await fc.assert(
      fc.asyncProperty(world$, async (world) => {
        const timers = freeze();
        try {
          const node = await inhabit(world);
          await live(node, world);
          await node.stop();
          expectTruth(node, world);
          calls += node.calls.length;
        } finally {
          timers.release();
        }
      }),
      { numRuns: RUNS, ...replay },
    );
    expect(calls).to.be.greaterThan(RUNS * 100);
    report(`${calls} calls in ${RUNS} worlds`);
  }).timeout(60_000 + RUNS * 20_000);
});

function expectTruth(node: VirtualNode, world: World): void {
  const { workers } = world;
  expect(node.overlaps, 'calls to a peer that was still being called').to.deep.equal([]);
  // Regular and suspect each have so many, pending has as many and at a first start those of the regular lane.
  expect(node.mostInFlight, 'calls in flight').to.be.at.most(4 * workers + 1 + 2 * 3);
  for (const peer of world.peers) {
    const { uuid, kind, leavesAt, joinsAt } = peer;
    const ended = node.stateOf(uuid);
    const at = node.calls.filter((call) => call.uuid === uuid).map((call) => call.at);
    if (leavesAt < Infinity) {
      // Before a call the entry is read again; where that can't be read, the call is made as last known.
      const isKnown = (moment: number): boolean =>
        !isWithin(world.unreadable, moment) && !isWithin(world.unreadable, moment - A_MOMENT);
      const late = at.filter((moment) => moment > leavesAt + A_MOMENT && isKnown(moment));
      expect(late, `${uuid} is called after it has left`).to.deep.equal([]);
      continue;
    }
    expect(node.storedHealth(uuid)?.state, `what is stored of ${uuid}`).to.equal(ended);
    const from = Math.max(joinsAt, ...world.unreadable.map(({ until }) => until));
    const gaps = [...at, END].map((moment, i) => moment - (at[i - 1] ?? Math.min(from, moment)));
    expect(Math.max(...gaps), `the longest time without a call to ${uuid}`).to.be.at.most(LONGEST_GAP);
    if (kind === 'steady') {
      expect(node.when(uuid, 'unavailable'), `${uuid} always answers`).to.equal(undefined);
      expect(ended, uuid).to.equal('available');
    }
    if (kind === 'dies' || kind === 'closes' || kind === 'fails')
      expect(ended, `${uuid} is ${kind}`).to.equal('unavailable');
  }
  const began = node.of('isolation.began');
  expect(node.of('isolation.ended'), 'isolations end').to.have.length(began.length);
  for (const { scope, at } of began) {
    const family = scope.endsWith('IPv6') ? 'IPv6' : 'IPv4';
    const before = node.at(at) * 1_000;
    // All workers may be busy with silent peers when it begins, and each question takes a deadline.
    const around = world.outages[family].some(({ from, until }) => from <= before && before <= until + MINUTE);
    expect(around, `isolated at ${before} ms, while the line of ${family} was up`).to.equal(true);
  }
}
