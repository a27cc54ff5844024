import { expect } from 'chai';
import fc from 'fast-check';
import { leaseTerms, SETTLE_MS } from '#src/domain/announce/terms.js';
import { backoffMs } from '#src/domain/call/backoff.js';
import { retryAfterMs } from '#src/domain/call/retryAfter.js';

const LONGEST_MS = 336 * 3_600_000;

describe('leaseTerms', () => {
  it('a lease outlasts its attempt and the settlement, for every deadline that may be configured', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: LONGEST_MS }), (timeoutMs) => {
        expect(leaseTerms(timeoutMs, { maxMs: 10 }).leaseMs).to.be.greaterThan(timeoutMs + SETTLE_MS);
      }),
    );
  });

  it('nothing is ever due later than the longest wait: no lease, no backoff, no Retry-After', () => {
    const duration = fc.integer({ min: 10, max: LONGEST_MS });
    fc.assert(
      fc.property(
        fc.record({ timeoutMs: duration, a: duration, b: duration, attempt: fc.nat(100), asked: fc.nat() }),
        ({ timeoutMs, a, b, attempt, asked }) => {
          const retry = { initialMs: Math.min(a, b), maxMs: Math.max(a, b) };
          const { leaseMs, longestMs } = leaseTerms(timeoutMs, retry);
          const pauseMs = backoffMs({ attempt, ...retry, random: () => 1 - Number.EPSILON });
          expect(longestMs).to.be.at.least(Math.max(leaseMs, pauseMs, retryAfterMs(String(asked), 0) ?? 0));
        },
      ),
    );
  });
});
