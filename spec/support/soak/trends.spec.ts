import { expect } from 'chai';
import type { Sample } from './sample.js';
import { trends } from './trends.js';

/** A run of so many ticks, sampled every five, that holds what is given after each tick. */
function samplesOf(ticks: number, held: (tick: number) => Partial<Sample>): readonly Sample[] {
  return Array.from({ length: ticks / 5 }, (_, i) => ({
    at: i * 250,
    rss: 0,
    heapUsed: 0,
    descriptors: 0,
    resources: {},
    delayMeanMs: 0,
    delayP99Ms: 0,
    faults: 0,
    warnings: 0,
    ticks: i * 5,
    ...held(i * 5),
  }));
}

/** Something that swings without a trend, as a heap between two collections does. */
const swing = (tick: number, by: number): number => ((tick * 7_919) % 101) * (by / 101);
const leaking = (samples: readonly Sample[]): readonly string[] =>
  trends(samples)
    .filter(({ least, bound }) => least >= bound)
    .map(({ name }) => name);

describe('the trends of a soak', () => {
  it('find a descriptor in every second round, under the noise of forty', () => {
    expect(leaking(samplesOf(1_000, (tick) => ({ descriptors: tick / 2 + swing(tick, 40) })))).to.deep.equal([
      'file descriptors',
    ]);
  });

  it('find a timer that is left by each round, and ten KiB that are kept by each', () => {
    const samples = samplesOf(10_000, (tick) => ({
      rss: tick * 10_240 + swing(tick, 80 * 1_048_576),
      resources: { Timeout: tick + 9 },
    }));
    expect(leaking(samples)).to.deep.equal(['resident memory (RSS)', 'active handles and timers']);
  });

  it('find nothing in what only swings', () => {
    const samples = samplesOf(1_000, (tick) => ({
      rss: swing(tick, 80 * 1_048_576),
      heapUsed: swing(tick, 80 * 1_048_576),
      descriptors: swing(tick, 80),
      delayP99Ms: swing(tick, 60),
    }));
    expect(leaking(samples)).to.deep.equal([]);
  });
});
