import { expect } from 'chai';
import fc from 'fast-check';
import { retryAfterMs } from '#src/domain/call/retryAfter.js';

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const HOUR = 3_600_000;
  const table: readonly (readonly [string | null, number | undefined])[] = [
    ['0', 0],
    ['7', 7_000],
    [' 30 ', 30_000],
    ['007', 7_000],
    ['3600', HOUR],
    ['3601', HOUR],
    ['99999999999', HOUR],
    ['9'.repeat(400), HOUR],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
    ['Thursday, 01-Jan-26 00:00:10 GMT', 10_000],
    ['Thu Jan  1 00:00:10 2026', 10_000],
    ['Fri Jan 10 00:00:10 2026', HOUR],
    ['Thu, 01 Jan 2026 05:00:00 GMT', HOUR],
    ['Wed, 31 Dec 2025 23:59:59 GMT', undefined],
    ['Thu, 01 Jan 2026 00:00:00 GMT', undefined],
    ['Thu, 01 Jan 2026 00:00:10', undefined],
    ['Thu, 01 Jan 2026 00:00:10 +0000', undefined],
    ['Thu, 99 Jan 2026 00:00:10 GMT', undefined],
    ['Thu, 01 Foo 2026 00:00:10 GMT', undefined],
    ['2026-01-01T00:00:10Z', undefined],
    ['Soon 2030', undefined],
    ['Try again in 2050', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['10, 20', undefined],
    ['soon', undefined],
    ['Infinity', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [header, expected] of table) {
    it(`${JSON.stringify(header).slice(0, 40)} asks for ${String(expected)}`, () => {
      expect(retryAfterMs(header, now)).to.equal(expected);
    });
  }

  it('reads the date of whatever moment is to come, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (seconds) => {
        const header = new Date(now + seconds * 1_000).toUTCString();
        expect(retryAfterMs(header, now)).to.equal(Math.min(seconds * 1_000, HOUR));
      }),
    );
  });

  it('reads a date alike wherever the host stands', () => {
    const before = process.env.TZ;
    try {
      for (const zone of ['Pacific/Auckland', 'America/New_York', 'UTC']) {
        process.env.TZ = zone;
        expect(retryAfterMs('Thu Jan  1 00:00:10 2026', now), zone).to.equal(10_000);
      }
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  it('never asks for more than an hour or less than nothing', () => {
    const header$ = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Z][a-z]{2},? [\w: -]{0,30}$/));
    fc.assert(
      fc.property(header$, fc.integer({ min: 0, max: 2 ** 45 }), (header, at) => {
        const wait = retryAfterMs(header, at);
        if (wait !== undefined) expect(wait).to.be.within(0, HOUR);
      }),
      { numRuns: 2_000 },
    );
  });
});
