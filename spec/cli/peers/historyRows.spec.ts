import { expect } from 'chai';
import { historyRows } from '#src/cli/peers/historyRows.js';
import type { Bucket } from '#src/domain/history.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 20_000 * DAY + 5 * HOUR;
const bucket = (at: number, answered: number, failed = 0): Bucket => ({
  at,
  answered,
  failed,
  withheld: 0,
  latencyMs: undefined,
});

describe('the history of a consumer in words', () => {
  it('is the share that was answered, never rounded up to all', () => {
    const hours = [bucket(NOW - 2 * HOUR, 9_999, 1), bucket(NOW - 3 * DAY, 0, 10_000)];
    const [[, shares] = []] = historyRows({ hours, days: [] }, NOW, 80);
    expect(shares).to.equal('24 h 99.9 %, 7 d 49.9 %, 90 d not known');
  });

  it('is a strip of days, the newest last, as wide as there is room for', () => {
    const today = 20_000 * DAY;
    const days = [bucket(today - 3 * DAY, 10), bucket(today - DAY, 6, 4), bucket(today, 0, 4)];
    const rows = historyRows({ hours: [], days }, NOW, 30);
    expect(rows[1]).to.deep.equal(['last 6 days', '··█·▃▁']);
    expect(historyRows({ hours: [], days }, NOW, 200)[1]?.[0]).to.equal('last 90 days');
  });
});
