import { expect } from 'chai';
import fc from 'fast-check';
import { SCOPES } from '#src/domain/ip/scope.js';
import { judge, UNCHECKED } from '#src/domain/peer/health.js';
import type { PeerHealth } from '#src/domain/peer/peer.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';

const V4 = 'public IPv4';

describe('OnlineEvidence', () => {
  let evidence: OnlineEvidence;

  beforeEach(() => {
    evidence = new OnlineEvidence();
  });

  it('has none before the first witness answers', () => {
    for (const scope of SCOPES) expect(evidence.generation(scope)).to.equal(0);
    expect(evidence.hasAnswered('IPv4')).to.equal(false);
  });

  it('is newer than a failure once a witness answers after it, in that scope alone', () => {
    evidence.recordAnswer(V4);
    const generation = evidence.generation(V4);
    evidence.recordSilence(V4, 2);
    expect(evidence.generation(V4)).to.equal(generation);
    evidence.recordAnswer('public IPv6');
    evidence.recordAnswer('RFC 1918');
    expect(evidence.generation(V4)).to.equal(generation);
    evidence.recordAnswer(V4);
    expect(evidence.generation(V4)).to.be.greaterThan(generation);
  });

  it('says of an isolation that it began, and that it ended, once each and by scope', () => {
    expect(evidence.recordSilence(V4, 2)).to.equal(true);
    expect(evidence.recordSilence(V4, 2), 'told once').to.equal(false);
    expect(evidence.recordSilence('ULA', 2)).to.equal(true);
    expect(evidence.recordAnswer(V4)).to.equal(true);
    expect(evidence.recordAnswer(V4), 'told once').to.equal(false);
    expect(evidence.recordAnswer('ULA')).to.equal(true);
  });

  describe('where the peers of an isolated scope come and go', () => {
    const recounted = (peers: number) => evidence.recount((scope) => (scope === V4 ? peers : 9));
    const change = (peers: number, isolated: boolean) => [{ scope: V4, peers, isolated }];

    it('the isolation ends with fewer than two, begins again with two, and is over for good with none', () => {
      evidence.recordSilence(V4, 2);
      expect(recounted(3)).to.deep.equal([]);
      expect(recounted(1)).to.deep.equal(change(1, false));
      expect(recounted(1), 'told once').to.deep.equal([]);
      expect(recounted(2)).to.deep.equal(change(2, true));
      expect(recounted(0)).to.deep.equal(change(0, false));
      expect(recounted(2)).to.deep.equal([]);
    });

    it('one that began with one peer begins once more with the second, and ends once with the last', () => {
      evidence.recordSilence(V4, 1);
      expect(recounted(1)).to.deep.equal([]);
      expect(recounted(0)).to.deep.equal(change(0, false));
      evidence.recordSilence(V4, 1);
      expect(recounted(2)).to.deep.equal(change(2, true));
    });

    it('an answer ends it, which is no news where its end was told already', () => {
      evidence.recordSilence(V4, 2);
      recounted(1);
      expect(evidence.recordAnswer(V4)).to.equal(false);
      expect(recounted(2)).to.deep.equal([]);
    });
  });

  it('knows which family has answered', () => {
    evidence.recordAnswer('ULA');
    expect([evidence.hasAnswered('IPv6'), evidence.hasAnswered('IPv4')]).to.deep.equal([true, false]);
  });

  it('remembers the eight peers that answered last, newest first, each once', () => {
    for (const uuid of 'abcdefghij') evidence.recordAnswer(V4, uuid);
    evidence.recordAnswer(V4, 'e');
    evidence.recordAnswer(V4);
    expect(evidence.recent(V4)).to.deep.equal(['e', 'j', 'i', 'h', 'g', 'f', 'd', 'c']);
    expect(evidence.recent('ULA')).to.deep.equal([]);
  });

  /** The rule in its own words, with time stamps instead of generations. */
  it('agrees with "a witness answered since this peer\'s last counted failure" for any history', () => {
    const step$ = fc.record({ peer: fc.nat(3), ok: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step$, { maxLength: 60 }), (steps) => {
        const over = new OnlineEvidence();
        const health = new Map<number, PeerHealth>();
        const lastCounted = new Map<number, number>();
        let lastAnswer = -1;
        steps.forEach(({ peer, ok }, now) => {
          const before = health.get(peer) ?? UNCHECKED;
          if (ok) over.recordAnswer(V4);
          const outcome = ok ? ({ ok, latencyMs: 1 } as const) : ({ ok, reason: 'timeout' } as const);
          const online = { generation: over.generation(V4), witnesses: true };
          const result = judge(before, outcome, online, { fall: 3, rise: 1 });
          if (ok) {
            lastAnswer = now;
          } else {
            expect(result.counted, `step ${String(now)}`).to.equal(lastAnswer > (lastCounted.get(peer) ?? -1));
            if (result.counted) lastCounted.set(peer, now);
          }
          health.set(peer, result.health);
        });
      }),
    );
  });
});
