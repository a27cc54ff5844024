import { expect } from 'chai';
import fc from 'fast-check';
import { tap, VirtualTimeScheduler } from 'rxjs';
import { coalesced, GRID_MS, untilNext } from '#src/sources/coalesced.js';
import { every } from '#src/sources/every.js';
import { follow } from '../support/follow.js';
import { advance, freeze } from '../support/timers.js';

const at = (now: number): VirtualTimeScheduler => Object.assign(new VirtualTimeScheduler(), { now: () => now });
const moments = fc.double({ min: 0, max: 1e9, noNaN: true });
const multiples = fc.integer({ min: 1, max: 100_000 }).map((n) => n * GRID_MS);
/** Of a sum of times in milliseconds. */
const ROUNDING = 1e-3;

const distanceTo = (ms: number, period: number): number => Math.min(ms % period, period - (ms % period));

describe('timers that end together', () => {
  it('a delay of an interval in whole half seconds ends on the grid, at most half of the grid early or late', () => {
    fc.assert(
      fc.property(moments, multiples, fc.double({ min: 0.9, max: 1.1, noNaN: true }), (now, interval, jitter) => {
        const delay = coalesced(interval * jitter, interval, at(now));
        expect(delay).to.be.greaterThan(0);
        expect(distanceTo(now + delay, GRID_MS)).to.be.lessThan(ROUNDING);
        expect(Math.abs(delay - interval * jitter)).to.be.at.most(GRID_MS / 2 + ROUNDING);
      }),
    );
  });

  it('a delay that would end on the moment of its start keeps its length', () => {
    expect(coalesced(100, 500, at(1_000))).to.equal(100);
    expect(coalesced(249, 500, at(1_000))).to.equal(249);
    expect(coalesced(250, 500, at(1_000))).to.equal(500);
  });

  it('a delay of any other interval is left alone, since the mean would be another', () => {
    const others = fc.integer({ min: 1, max: 1_000_000 }).filter((ms) => ms % GRID_MS !== 0);
    fc.assert(fc.property(moments, others, (now, ms) => coalesced(ms, ms, at(now)) === ms));
  });

  it('the next multiple of a period is never the one that a timer was armed for, however early that ended', () => {
    const early = fc.double({ min: 0, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom(250, 1_000), early, (n, period, earlyMs) => {
        const now = n * period - earlyMs;
        expect(now + untilNext(period, at(now))).to.be.closeTo((n + 1) * period, ROUNDING);
      }),
    );
  });

  it('ticks of several intervals that began at different moments come in the same moments', async () => {
    const timers = freeze();
    try {
      const moments = new Set<number>();
      const follows = (intervalMs: number, jitter: number) =>
        follow(every({ intervalMs, jitter, atOnce: false }).pipe(tap(() => moments.add(performance.now()))));
      const ticks = [500, 1_000, 3_000].map((intervalMs) => follows(intervalMs, 0));
      await advance(130);
      ticks.push(follows(1_500, 0.1));
      await advance(29_870, 10);
      for (const { leave } of ticks) leave();
      expect(moments).to.deep.equal(new Set(Array.from({ length: 60 }, (_, n) => (n + 1) * GRID_MS)));
    } finally {
      timers.release();
    }
  });
});
