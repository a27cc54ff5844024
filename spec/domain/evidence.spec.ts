import { expect } from 'chai';
import fc from 'fast-check';
import { Evidence } from '#src/domain/evidence.js';
import type { PeerHealth } from '#src/domain/peer.js';
import { judge, UNCHECKED } from '#src/domain/verdict.js';

describe('Evidence', () => {
  it('has none before the first witness', () => {
    expect(new Evidence().mark).to.equal(0);
  });

  it('is newer than a failure once a witness is heard after it', () => {
    const evidence = new Evidence();
    evidence.heard();
    const mark = evidence.mark;
    evidence.missed('a', true);
    expect(evidence.mark).to.equal(mark);
    evidence.heard();
    expect(evidence.mark).to.be.greaterThan(mark);
  });

  it('calls it isolation only when two witnesses are silent and one of them could not be counted', () => {
    const evidence = new Evidence();
    evidence.heard();
    expect(evidence.missed('a', true)).to.equal(false);
    expect(evidence.missed('a', false), 'one dead peer asked again and again').to.equal(false);
    expect(evidence.missed('b', false)).to.equal(true);
    expect(evidence.isolated).to.equal(true);
    expect(evidence.missed('c', false), 'told once').to.equal(false);
    expect(evidence.heard()).to.equal(true);
    expect(evidence.isolated).to.equal(false);
    expect(evidence.heard(), 'told once').to.equal(false);
  });

  /** The rule in its own words, with time stamps instead of marks. */
  it('agrees with "somebody was heard since this peer\'s last counted failure" for any history', () => {
    const step$ = fc.record({ peer: fc.nat(3), ok: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step$, { maxLength: 60 }), (steps) => {
        const evidence = new Evidence();
        const health = new Map<number, PeerHealth>();
        const lastCounted = new Map<number, number>();
        let lastHeard = -1;
        steps.forEach(({ peer, ok }, now) => {
          const before = health.get(peer) ?? UNCHECKED;
          if (ok) evidence.heard();
          const outcome = ok ? ({ ok, latencyMs: 1 } as const) : ({ ok, reason: 'timeout' } as const);
          const result = judge(before, outcome, { mark: evidence.mark, witnesses: true }, { fall: 3, rise: 1 });
          if (!ok) {
            const since = lastCounted.get(peer) ?? -1;
            expect(result.counted, `step ${String(now)}`).to.equal(lastHeard > since);
            evidence.missed(String(peer), result.counted);
            if (result.counted) lastCounted.set(peer, now);
          } else {
            lastHeard = now;
          }
          health.set(peer, result.health);
        });
      }),
    );
  });
});
