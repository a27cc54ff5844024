import { expect } from 'chai';
import type { SchedulerEvent } from '#src/events.js';
import { PingSchedule } from '#src/notify/pingSchedule.js';
import { ActiveConditions } from '#src/notify/activeConditions.js';
import {
  heartbeat,
  isolated,
  lost,
  MIN,
  online,
  redisDown,
  redisUp,
  round,
  S,
  standsBy,
  took,
} from '../support/notify.js';

const WHAT = 'writing verdicts';

describe('the dead man’s switch', () => {
  /** When it is told that all is well, in seconds, of events at their times. */
  const told = (events: readonly SchedulerEvent[]): number[] => {
    const active = new ActiveConditions(() => undefined);
    const pulse = new PingSchedule(active);
    return events.flatMap((event) => {
      active.accept(event);
      pulse.accept(event);
      const at = 'at' in event ? event.at : 0;
      return pulse.take(at) ? [at / S] : [];
    });
  };
  const failed = (at: number, what = WHAT): SchedulerEvent => ({ kind: 'redis.failed', at, what, reason: 'OOM' });
  const caughtUp = (at: number): SchedulerEvent => ({ kind: 'redis.caught-up', at, what: WHAT, written: 1 });

  it('after each good round', () => {
    expect(told([took(0), round(S), round(61 * S), round(122 * S)])).to.deep.equal([1, 61, 122]);
  });

  it('once a minute at most; a round that ends too early counts once the minute is over', () => {
    const rounds = [round(S), round(2 * S), round(58 * S), heartbeat(60 * S), heartbeat(61 * S), heartbeat(66 * S)];
    expect(told([took(0), ...rounds, round(90 * S), heartbeat(3 * MIN)])).to.deep.equal([1, 61, 180]);
  });

  it('not before there was a round', () => {
    expect(told([took(0), heartbeat(S), heartbeat(2 * MIN)])).to.deep.equal([]);
  });

  it('not by who stands by, or has lost the registry, or can’t hold it', () => {
    expect(told([round(S)])).to.deep.equal([]);
    expect(told([standsBy(0), round(S)])).to.deep.equal([]);
    expect(told([took(0), lost(1), round(S)])).to.deep.equal([]);
    expect(told([took(0), { kind: 'leader.unwritten', at: 1, reason: 'OOM' }, round(S)])).to.deep.equal([]);
    expect(told([took(0), lost(1), took(2), round(S)])).to.deep.equal([1]);
  });

  it('not for a round of another lane, or one that was cut short', () => {
    expect(told([took(0), round(S, { lane: 'suspect' }), round(2 * S, { aborted: true })])).to.deep.equal([]);
  });

  it('not for a round that was not written', () => {
    expect(told([took(0), failed(1), round(S), caughtUp(2 * S), heartbeat(3 * S), round(4 * S)])).to.deep.equal([4]);
    expect(told([took(0), failed(1, 'another step'), round(S)])).to.deep.equal([1]);
  });

  it('not while Redis is away, or we are isolated', () => {
    expect(told([took(0), redisDown(1), round(S), redisUp(2 * S), heartbeat(3 * S), round(4 * S)])).to.deep.equal([4]);
    expect(told([took(0), isolated(1), round(S), online(2 * S), round(4 * S)])).to.deep.equal([4]);
  });

  it('not for an early round where all is not well once the minute is over', () => {
    expect(
      told([took(0), round(S), round(30 * S), isolated(40 * S), heartbeat(70 * S), heartbeat(80 * S)]),
    ).to.deep.equal([1]);
  });
});
