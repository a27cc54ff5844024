import { expect } from 'chai';
import fc from 'fast-check';
import { tap, VirtualTimeScheduler } from 'rxjs';
import { coalesced, COARSE_GRIDS_MS, GRID_MS, untilNext } from '#src/sources/coalesced.js';
import { every, type EveryOptions } from '#src/sources/every.js';
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

  it('a delay that may be coarse ends on the coarsest grid of its interval, at most a second early or late', () => {
    fc.assert(
      fc.property(moments, multiples, (now, interval) => {
        const delay = coalesced(interval, interval, at(now), COARSE_GRIDS_MS);
        const gridMs = interval % 2_000 === 0 ? 2_000 : interval % 1_000 === 0 ? 1_000 : GRID_MS;
        expect(delay).to.be.greaterThan(0);
        expect(distanceTo(now + delay, gridMs)).to.be.lessThan(ROUNDING);
        expect(Math.abs(delay - interval)).to.be.at.most(gridMs / 2 + ROUNDING);
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
      const follows = (intervalMs: number, options: Partial<EveryOptions> = {}) => {
        const tick$ = every({ intervalMs, atOnce: false, ...options });
        return follow(tick$.pipe(tap(() => moments.add(performance.now()))));
      };
      const ticks = [follows(2_000, { coarse: true }), follows(10_000, { coarse: true })];
      await advance(1_130);
      ticks.push(follows(2_000, { coarse: true }));
      await advance(28_870, 10);
      const seconds = Array.from({ length: 15 }, (_, n) => (n + 1) * 2_000);
      expect(moments).to.deep.equal(new Set(seconds));
      ticks.push(follows(500), follows(1_000), follows(1_500, { jitter: 0.1 }));
      await advance(10_000, 10);
      for (const { leave } of ticks) leave();
      const halves = Array.from({ length: 20 }, (_, n) => 30_000 + (n + 1) * GRID_MS);
      expect(moments).to.deep.equal(new Set([...seconds, ...halves]));
    } finally {
      timers.release();
    }
  });
});
