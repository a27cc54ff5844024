import { expect } from 'chai';
import { LANES, laneSettings } from '#src/app/lanes.js';
import { configOf } from '../support/deps.js';

describe('laneSettings', () => {
  const sync = {
    interval: '60s',
    jitter: 0.1,
    concurrency: 7,
    pending: { concurrency: 4 },
    suspectInterval: '15s',
    unavailable: { interval: '2m', concurrency: 3 },
  };
  const settings = (lane: (typeof LANES)[number], over: object = {}) =>
    laneSettings(lane, configOf({ sync: { ...sync, ...over } }));

  it('knows every lane a consumer can be in', () => {
    expect(LANES).to.have.members(['regular', 'suspect', 'pending', 'unavailable']);
  });

  it('the regular lane begins a round each interval, early or late by the jitter', () => {
    expect(settings('regular')).to.deep.equal({ tickMs: 60_000, jitter: 0.1, everyMs: 0, workers: 7 });
  });

  it('suspects are looked for five times an interval of their own, by as many workers', () => {
    expect(settings('suspect')).to.deep.equal({ tickMs: 3_000, jitter: 0, everyMs: 15_000, workers: 7 });
  });

  it('no suspect waits longer than the interval, the wait for the next tick included', () => {
    for (const suspectInterval of ['5m', '60s', '55s']) {
      const { tickMs, everyMs } = settings('suspect', { suspectInterval });
      expect(tickMs + everyMs).to.equal(60_000);
    }
  });

  it('consumers without a verdict have workers of their own, and at a first start those of the regular lane as well', () => {
    expect(settings('pending')).to.deep.equal({ tickMs: 3_000, jitter: 0, everyMs: 15_000, workers: 4 });
    expect(settings('pending', { suspectInterval: '50s' })).to.include({ tickMs: 5_000 });
    expect(laneSettings('pending', configOf({ sync }), true).workers).to.equal(11);
  });

  it('unavailable consumers have an interval and workers of their own, however long that is', () => {
    expect(settings('unavailable')).to.deep.equal({ tickMs: 24_000, jitter: 0, everyMs: 120_000, workers: 3 });
  });
});
