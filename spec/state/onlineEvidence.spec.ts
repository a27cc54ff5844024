import { expect } from 'chai';
import fc from 'fast-check';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { PeerHealth } from '#src/domain/peer/peer.js';
import { judge, UNCHECKED } from '#src/domain/peer/health.js';

describe('OnlineEvidence', () => {
  it('has none before the first witness', () => {
    expect(new OnlineEvidence().generation).to.equal(0);
  });

  it('is newer than a failure once a witness answers after it', () => {
    const evidence = new OnlineEvidence();
    evidence.recordAnswer();
    const generation = evidence.generation;
    evidence.recordSilence('a', true);
    expect(evidence.generation).to.equal(generation);
    evidence.recordAnswer();
    expect(evidence.generation).to.be.greaterThan(generation);
  });

  it('calls it isolation only when two witnesses are silent and one of them could not be counted', () => {
    const evidence = new OnlineEvidence();
    evidence.recordAnswer();
    expect(evidence.recordSilence('a', true)).to.equal(false);
    expect(evidence.recordSilence('a', false), 'one dead peer asked again and again').to.equal(false);
    expect(evidence.recordSilence('b', false)).to.equal(true);
    expect(evidence.recordSilence('c', false), 'told once').to.equal(false);
    expect(evidence.recordAnswer()).to.equal(true);
    expect(evidence.recordAnswer(), 'told once').to.equal(false);
  });

  /** The rule in its own words, with time stamps instead of generations. */
  it('agrees with "a witness answered since this peer\'s last counted failure" for any history', () => {
    const step$ = fc.record({ peer: fc.nat(3), ok: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step$, { maxLength: 60 }), (steps) => {
        const evidence = new OnlineEvidence();
        const health = new Map<number, PeerHealth>();
        const lastCounted = new Map<number, number>();
        let lastAnswered = -1;
        steps.forEach(({ peer, ok }, now) => {
          const before = health.get(peer) ?? UNCHECKED;
          if (ok) evidence.recordAnswer();
          const outcome = ok ? ({ ok, latencyMs: 1 } as const) : ({ ok, reason: 'timeout' } as const);
          const result = judge(
            before,
            outcome,
            { generation: evidence.generation, witnesses: true },
            { fall: 3, rise: 1 },
          );
          if (!ok) {
            const since = lastCounted.get(peer) ?? -1;
            expect(result.counted, `step ${String(now)}`).to.equal(lastAnswered > since);
            evidence.recordSilence(String(peer), result.counted);
            if (result.counted) lastCounted.set(peer, now);
          } else {
            lastAnswered = now;
          }
          health.set(peer, result.health);
        });
      }),
    );
  });
});
