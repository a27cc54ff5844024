import { expect } from 'chai';
import type { NotifyEvent } from '#src/domain/notify/message.js';
import { NOTIFY_EVENTS } from '#src/domain/notify/message.js';
import type { SchedulerEvent } from '#src/events.js';
import { ConditionMessages } from '#src/notify/conditionMessages.js';
import { ActiveConditions } from '#src/notify/activeConditions.js';
import {
  heartbeat,
  isolated,
  lost,
  MIN,
  online,
  redisDown,
  redisUp,
  standsBy,
  took,
  unacknowledged,
} from '../support/notify.js';

describe('what is told of conditions', () => {
  /** What is told after each event, as `event phase: title`. */
  const told = (events: readonly SchedulerEvent[], chosen: readonly NotifyEvent[] = NOTIFY_EVENTS): string[] => {
    const active = new ActiveConditions(() => undefined);
    const sender = new ConditionMessages();
    return events.flatMap((event) => {
      active.accept(event);
      const messages = sender.due(active, chosen, 'at' in event ? event.at : 0);
      return messages.map(({ event: name, phase, title }) => `${name} ${phase}: ${title}`);
    });
  };
  const rejected = (at: number, problem: string): SchedulerEvent => ({
    ...{ kind: 'config.rejected', at, problems: [problem] },
  });
  const valid: SchedulerEvent = { kind: 'config.reloaded', at: 9, changed: [] };
  const acknowledged = (uuid: string, at: number): SchedulerEvent => ({
    ...{ kind: 'announcement.acknowledged', at, uuid, ip: '1.1.1.1', attempts: 9, again: false },
  });

  it('the beginning, each other cause, and the end, once each', () => {
    const away = [redisDown(1), redisDown(2), redisDown(3, 'NOAUTH'), redisDown(4), redisDown(5, 'NOAUTH')];
    expect(told([...away, redisUp(6), redisUp(7), redisDown(8)])).to.deep.equal([
      "redis-down began: Redis can't be used",
      "redis-down changed: Redis can't be used",
      'redis-down ended: Redis is there again',
      "redis-down began: Redis can't be used",
    ]);
    expect(told([rejected(1, 'a'), rejected(2, 'a'), rejected(3, 'b'), valid, valid])).to.deep.equal([
      'config-rejected began: the new configuration is ignored',
      'config-rejected changed: the new configuration is ignored',
      'config-rejected ended: the configuration is valid again',
    ]);
  });

  it('how long it lasted, from its beginning', () => {
    const active = new ActiveConditions(() => undefined);
    const sender = new ConditionMessages();
    for (const event of [redisDown(0), redisDown(MIN, 'NOAUTH')]) {
      active.accept(event);
      sender.due(active, NOTIFY_EVENTS, 0);
    }
    active.accept(redisUp(3 * MIN));
    const [end] = sender.due(active, NOTIFY_EVENTS, 3 * MIN);
    expect(end).to.include({ since: 0, level: 'good', text: 'It lasted 3 min.' });
  });

  it('only what was chosen', () => {
    expect(told([redisDown(1), isolated(2), redisUp(3), online(4)], ['isolated'])).to.deep.equal([
      'isolated began: we seem to be offline over public IPv4',
      'isolated ended: we no longer seem to be offline over public IPv4',
    ]);
  });

  it('of a line with a single peer nothing', () => {
    expect(told([isolated(1, 1), online(2)])).to.deep.equal([]);
  });

  it('that producers have not acknowledged for ten minutes, until none is left', () => {
    const calm = [unacknowledged('p', 0), unacknowledged('q', MIN), heartbeat(9 * MIN)];
    expect(told(calm)).to.deep.equal([]);
    const later = [heartbeat(10 * MIN), heartbeat(11 * MIN), acknowledged('p', 12 * MIN), heartbeat(12 * MIN)];
    expect(told([...calm, ...later])).to.deep.equal([
      'announcement-stuck began: 1 producer has not acknowledged our IP',
    ]);
    const gone: SchedulerEvent = { kind: 'announcement.dropped', at: 13 * MIN, uuid: 'q' };
    expect(told([...calm, ...later, gone, heartbeat(13 * MIN)]).at(-1)).to.equal(
      'announcement-stuck ended: no producer keeps our IP waiting any more',
    );
  });

  it('a retry that is due in time is no matter of a message', () => {
    const events = [unacknowledged('p', 0), acknowledged('p', MIN), heartbeat(20 * MIN)];
    expect(told(events)).to.deep.equal([]);
  });

  describe('by a standby', () => {
    it('nothing begins', () => {
      expect(told([standsBy(1), redisDown(2), redisUp(3), rejected(4, 'a')])).to.deep.equal([]);
    });

    it('but what stands is told once it takes over', () => {
      expect(told([standsBy(1), rejected(2, 'a'), took(3, 500)])).to.deep.equal([
        'config-rejected began: the new configuration is ignored',
      ]);
    });

    it('what it told itself before it lost the registry is ended', () => {
      expect(told([took(1), redisDown(2), lost(3), redisUp(4)])).to.deep.equal([
        "redis-down began: Redis can't be used",
        'redis-down ended: Redis is there again',
      ]);
    });
  });
});
