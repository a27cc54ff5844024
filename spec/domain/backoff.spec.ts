import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs } from '#src/domain/backoff.js';
import { isFlapping } from '#src/domain/flap.js';
import { retryAfterMs } from '#src/domain/retryAfter.js';

describe('backoffMs', () => {
  const at = (attempt: number, random: number) =>
    backoffMs({ attempt, initialMs: 5_000, maxMs: 600_000, random: () => random });

  it('doubles its ceiling from the initial to the longest pause', () => {
    const almost = 1 - Number.EPSILON;
    expect([1, 2, 3, 8, 9, 10_000].map((n) => at(n, almost))).to.deep.equal([
      5_000, 10_000, 20_000, 600_000, 600_000, 600_000,
    ]);
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
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const table: readonly (readonly [string | null, number | undefined])[] = [
    ['0', 0],
    ['7', 7_000],
    [' 30 ', 30_000],
    ['3601', 3_600_000],
    ['9999999999', 3_600_000],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Thursday, 01-Jan-26 00:00:10 GMT', 10_000],
    ['Thu, 01 Jan 2026 05:00:00 GMT', 3_600_000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [header, expected] of table) {
    it(`${JSON.stringify(header)} asks for ${String(expected)}`, () => {
      expect(retryAfterMs(header, now)).to.equal(expected);
    });
  }

  it('never asks for more than an hour or less than nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        const wait = retryAfterMs(header, now);
        if (wait !== undefined) expect(wait).to.be.within(0, 3_600_000);
      }),
    );
  });
});

describe('isFlapping', () => {
  const limit = { max: 5, windowMs: 600_000 };

  it('lets five changes through in any ten minutes, and no sixth', () => {
    const five = [0, 1, 2, 3, 4];
    expect(isFlapping(five.slice(1), 5, limit)).to.equal(false);
    expect(isFlapping(five, 5, limit)).to.equal(true);
    expect(isFlapping(five, 599_999, limit)).to.equal(true);
    expect(isFlapping(five, 600_000, limit)).to.equal(false);
  });
});
