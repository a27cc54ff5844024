import { expect } from 'chai';
import type { SchedulerEvent } from '#src/events.js';
import { PeerMessages } from '#src/notify/peerMessages.js';
import { ActiveConditions } from '#src/notify/activeConditions.js';
import { fell, heartbeat, Lanes, MIN, rose, S } from '../support/notify.js';

const AFTER = 5 * MIN;

describe('what is told of peers', () => {
  let lanes: Lanes;
  let active: ActiveConditions;
  let messages: PeerMessages;
  let told: string[];

  beforeEach(() => {
    lanes = new Lanes();
    active = new ActiveConditions(lanes.laneOf);
    messages = new PeerMessages(lanes.laneOf);
    told = [];
  });

  const accept = (...events: readonly SchedulerEvent[]): void => {
    for (const event of events) {
      if (event.kind === 'peer.checked') messages.accept(event, active.down);
      lanes.note(event);
      active.accept(event);
    }
  };
  /** Heartbeats up to a time, and what is told at them. */
  let now = 0;
  const until = (at: number): void => {
    for (; now <= at; now += 5 * S) {
      accept(heartbeat(now));
      for (const { phase, title } of messages.due(active.down, AFTER, now)) told.push(`${now / S} ${phase}: ${title}`);
    }
  };
  beforeEach(() => (now = 0));

  it('that one is down after the time it may be, and that it answers again', () => {
    accept(fell('a', 0));
    until(359 * S);
    expect(told).to.deep.equal([]);
    until(10 * MIN);
    expect(told).to.deep.equal(['360 began: peer a is down']);
    accept(rose('a', 10 * MIN));
    until(20 * MIN);
    expect(told.slice(1)).to.deep.equal(['665 ended: peer a answers again']);
  });

  it('nothing of one that is back before', () => {
    accept(fell('a', 0));
    until(4 * MIN);
    accept(rose('a', 4 * MIN));
    until(20 * MIN);
    expect(told).to.deep.equal([]);
  });

  it('those of one minute in one message, some of them by name', () => {
    for (let i = 0; i < 100; i += 1) accept(fell(`p${i}`, i * 500));
    until(10 * MIN);
    expect(told).to.deep.equal(['360 began: 100 peers are down']);
    for (let i = 0; i < 100; i += 1) accept(rose(`p${i}`, now));
    until(20 * MIN);
    expect(told.slice(1)).to.deep.equal(['665 ended: 100 peers answer again']);
  });

  it('names a few', () => {
    for (let i = 0; i < 7; i += 1) accept(fell(`p${i}`, 0));
    accept(heartbeat(6 * MIN));
    const [message] = messages.due(active.down, AFTER, 6 * MIN);
    expect(message?.text).to.equal('For up to 6 min: p0, p1, p2, p3, p4 and 2 more.');
  });

  it('that one is back only where it stays', () => {
    accept(fell('a', 0));
    until(7 * MIN);
    accept(rose('a', 7 * MIN));
    until(7 * MIN + 30 * S);
    accept(fell('a', 7 * MIN + 30 * S));
    until(30 * MIN);
    expect(told).to.deep.equal(['360 began: peer a is down']);
  });

  it('that one that was down before we looked is back', () => {
    accept(rose('a', 0));
    until(5 * MIN);
    expect(told).to.deep.equal(['60 ended: peer a answers again']);
  });

  it('that one has left, and nothing of it where nobody knew', () => {
    accept(fell('a', 0), fell('b', 4 * MIN));
    until(6 * MIN);
    lanes.remove('a');
    lanes.remove('b');
    until(30 * MIN);
    expect(told).to.deep.equal(['360 began: peer a is down', '425 ended: peer a is no longer called']);
  });

  it('a gap in our clock is no time in which anybody was looked at', () => {
    accept(fell('a', 0), { kind: 'clock.gap', at: 60 * MIN, gapMs: 59 * MIN });
    now = 60 * MIN;
    until(62 * MIN);
    expect(told).to.deep.equal([]);
  });

  it('names of the registry can’t steer a terminal', () => {
    accept(fell('a\u001b[2J\n@all', 0));
    accept(heartbeat(6 * MIN));
    const [message] = messages.due(active.down, AFTER, 6 * MIN);
    expect(message?.title).to.match(/^[ -~]+$/);
  });
});
