import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs } from '#src/domain/call/backoff.js';

describe('backoffMs', () => {
  const at = (attempt: number, random: number) =>
    backoffMs({ attempt, initialMs: 5_000, maxMs: 600_000, random: () => random });

  it('doubles its ceiling from the initial to the longest pause', () => {
    const almost = 1 - Number.EPSILON;
    expect([1, 2, 3, 8, 9, 10_000].map((n) => at(n, almost))).to.deep.equal([
      5_000, 10_000, 20_000, 600_000, 600_000, 600_000,
    ]);
  });

  it('takes a count that makes no sense for the first failure', () => {
    for (const attempt of [0, -1, -1_000]) expect(at(attempt, 0.5), String(attempt)).to.equal(at(1, 0.5));
  });

  it('is full jitter: anything from nothing to the ceiling', () => {
    expect(at(5, 0)).to.equal(0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (n, r) => {
          const pause = at(n, r);
          expect(Number.isInteger(pause)).to.equal(true);
          expect(pause).to.be.within(0, 600_000);
        },
      ),
    );
  });

  it('stays a whole number of milliseconds within its bounds, however often it failed and however it is set', () => {
    const most = 2 ** 31 - 1;
    const options$ = fc.record({
      attempt: fc.oneof(fc.integer({ min: -5, max: 100 }), fc.constantFrom(1e9, Number.MAX_VALUE, Infinity)),
      initialMs: fc.nat(most),
      maxMs: fc.nat(most),
      drawn: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(options$, ({ attempt, initialMs, maxMs, drawn }) => {
        const pause = backoffMs({ attempt, initialMs, maxMs, random: () => drawn });
        expect(pause).to.satisfy(Number.isInteger);
        expect(pause).to.be.within(0, maxMs);
        if (attempt <= 1) expect(pause).to.be.at.most(initialMs);
      }),
      { numRuns: 1_000 },
    );
  });
});
