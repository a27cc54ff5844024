import { expect } from 'chai';
import fc from 'fast-check';
import { silentInOtherLanes } from '#src/sinks/silentInOtherLanes.js';

const count = fc.nat({ max: 50 });

describe('how many peers a round left to other lanes', () => {
  it('are with those that answered and that failed in it all that were judged, where it met all others', () => {
    // Those that answered, that failed and are suspect or unavailable since, and that were either before.
    const parts = fc.record({
      ok: count,
      suspectNow: count,
      downNow: count,
      suspect: count,
      down: count,
      pending: count,
    });
    fc.assert(
      fc.property(parts, ({ ok, suspectNow, downNow, suspect, down, pending }) => {
        const peers = {
          ...{ available: ok, suspect: suspectNow + suspect, unavailable: downNow + down },
          ...{ pending, denied: 7, invalid: 7 },
        };
        const found = silentInOtherLanes({ ok, failed: suspectNow + downNow, peers });
        expect(found.suspect + found.unavailable).to.equal(suspect + down);
        expect(found.suspect).to.be.at.most(peers.suspect);
        expect(found.unavailable).to.be.at.most(peers.unavailable);
      }),
    );
  });

  it('are never more than there are suspects and unavailable ones, however little of it was done', () => {
    fc.assert(
      fc.property(count, count, count, count, count, count, (available, suspect, unavailable, ok, failed, adopted) => {
        const peers = { available, suspect, unavailable, pending: 0, denied: 0, invalid: 0 };
        const found = silentInOtherLanes({ ok, failed, peers, adopted });
        expect(found.suspect).to.be.within(0, suspect);
        expect(found.unavailable).to.be.within(0, unavailable);
      }),
    );
  });

  it('are none where the peers were not counted', () => {
    expect(silentInOtherLanes({ ok: 3, failed: 2 })).to.deep.equal({ suspect: 0, unavailable: 0 });
  });
});
