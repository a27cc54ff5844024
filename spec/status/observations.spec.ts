import { expect } from 'chai';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { LateSink } from '#src/status/lateSink.js';
import { Observations } from '#src/status/observations.js';
import { MemorySink } from '../support/deps.js';

const AT = 1_764_000_000_000;

describe('what was observed', () => {
  let seen: Observations;
  const finished = (over: Partial<EventOf<'round.finished'>> = {}): SchedulerEvent => ({
    ...{
      kind: 'round.finished',
      skipped: 0,
      at: AT,
      lane: 'regular',
      round: 1,
      tookMs: 10,
      ok: 2,
      failed: 1,
      aborted: false,
      local: 0,
    },
    ...over,
  });
  const checked = (ok: boolean): SchedulerEvent =>
    ({ kind: 'peer.checked', lane: 'regular', check: { outcome: { ok } } }) as SchedulerEvent;
  const accept = (...events: readonly SchedulerEvent[]): void => {
    for (const event of events) seen.accept(event);
  };

  beforeEach(() => {
    seen = new Observations(AT);
  });

  it('keeps what the last round came to while the next one is under way', () => {
    accept(finished(), { kind: 'round.started', at: AT + 60_000, lane: 'regular', round: 2 });
    accept(checked(true), checked(true), checked(false));
    expect(seen.lanes.regular).to.include({ ok: 2, failed: 1, done: 3, number: 2, rounds: 1 });
    accept(finished({ round: 2, ok: 3, failed: 0, at: AT + 60_010 }));
    expect(seen.lanes.regular).to.include({ ok: 3, failed: 0, done: 0, rounds: 2 });
  });

  it('counts rounds that were cut short apart', () => {
    accept(finished({ aborted: true }), { kind: 'round.skipped', at: AT, lane: 'regular' });
    expect(seen.lanes.regular).to.include({ rounds: 0, aborted: 1, skipped: 1 });
    accept(finished({ skipped: 1 }));
    expect(seen.skippingSince, 'until a round ends in time').to.equal(AT);
    accept(finished());
    expect(seen.skippingSince).to.equal(undefined);
  });

  it('knows an outage of the line from its beginning to its end, over all scopes', () => {
    const began = (scope: 'public IPv4' | 'ULA', at: number, peers = 3): SchedulerEvent => ({
      ...{ kind: 'isolation.began', at, scope, peers },
    });
    accept(began('public IPv4', 1), began('ULA', 2), { kind: 'isolation.ended', at: 3, scope: 'public IPv4' });
    expect(seen.outages).to.deep.equal([{ from: 1, to: null }]);
    accept({ kind: 'isolation.ended', at: 4, scope: 'ULA' });
    expect(seen.outages).to.deep.equal([{ from: 1, to: 4 }]);
    accept(began('ULA', 5, 1));
    expect(seen.isIsolated(), 'one peer alone says nothing').to.equal(false);
    expect(seen.outages.length).to.equal(1);
    for (let i = 0; i < 500; i += 1)
      accept(began('public IPv4', i), { kind: 'isolation.ended', at: i, scope: 'public IPv4' });
    expect(seen.outages.length).to.equal(100);
  });

  it('knows Redis to be away since it went, whatever the cause is later', () => {
    accept(
      { kind: 'redis.up', at: 1 },
      { kind: 'redis.down', at: 2, reason: 'a' },
      { kind: 'redis.down', at: 3, reason: 'b' },
    );
    expect(seen.redis).to.deep.equal({ up: false, since: 2, reason: 'b' });
    accept(
      { kind: 'redis.failed', at: 4, what: 'x', reason: 'OOM' },
      { kind: 'redis.failed', at: 5, what: 'x', reason: 'OOM' },
    );
    expect([...seen.redisFailing]).to.deep.equal([['x', { since: 4, reason: 'OOM' }]]);
    accept({ kind: 'redis.worked', at: 6, what: 'x' });
    expect(seen.redisFailing.size).to.equal(0);
  });

  it('knows which notifications fail, until they work or are others', () => {
    const target = 'notify.0 (ntfy)';
    const failed = (at: number): SchedulerEvent => ({ kind: 'notification.failed', at, target, reason: 'http-403' });
    accept(failed(1), failed(2));
    expect([...seen.failingNotifications]).to.deep.equal([[target, { since: 1, reason: 'http-403' }]]);
    accept({ kind: 'notification.sent', at: 3, target });
    expect(seen.failingNotifications.size).to.equal(0);
    accept(failed(4), { kind: 'config.reloaded', at: 5, changed: ['notify'] });
    expect(seen.failingNotifications.size).to.equal(0);
  });

  it('knows which new values wait for a restart, since when, until they are the old ones again', () => {
    const waits = (at: number, ...keys: string[]): SchedulerEvent => ({ kind: 'config.needs-restart', at, keys });
    accept(waits(1, 'status.port'), waits(2, 'status.port', 'uuid'));
    expect([...seen.needsRestart]).to.deep.equal([
      ['status.port', 1],
      ['uuid', 2],
    ]);
    accept(waits(3, 'uuid'));
    expect([...seen.needsRestart]).to.deep.equal([['uuid', 2]]);
    accept(waits(4));
    expect(seen.needsRestart.size).to.equal(0);
  });

  it('knows the IP, since when, and on whom it rests', () => {
    accept({ kind: 'ip.confirmed', at: 1, ip: '1.1.1.1', agreed: ['dns'] });
    expect(seen.ip).to.deep.equal({ value: '1.1.1.1', since: undefined, agreed: ['dns'] });
    accept({ kind: 'ip.changed', at: 2, ip: '1.1.1.1', previous: undefined, producers: 2 });
    accept({ kind: 'ip.confirmed', at: 3, ip: '1.1.1.1', agreed: ['https'] });
    expect(seen.ip).to.deep.equal({ value: '1.1.1.1', since: 2, agreed: ['https'] });
    expect(seen.owingSince).to.equal(2);
    accept({ kind: 'announcements.complete', at: 4, ip: '1.1.1.1' });
    expect(seen.owingSince).to.equal(undefined);
    accept({ kind: 'ip.unknown', at: 5, failures: [{ source: 'dns', reason: 'timeout' }], known: '1.1.1.1' });
    accept({ kind: 'ip.unknown', at: 6, failures: [], known: '1.1.1.1' });
    expect(seen.ipUnknown).to.deep.equal({ since: 5, text: 'no source answers' });
    accept({ kind: 'ip.disagreed', at: 7, answers: ['1.1.1.1', '2.2.2.2'] });
    expect(seen.ipUnknown).to.equal(undefined);
    expect(seen.ipDisagreed).to.deep.equal({ since: 7, text: '1.1.1.1, 2.2.2.2' });
  });
});

describe('a sink that is loaded late', () => {
  const beat = (at: number): SchedulerEvent => ({ kind: 'heartbeat', at });
  const times = ({ accepted }: MemorySink): unknown => accepted.map((event) => 'at' in event && event.at);

  it('gets what came meanwhile, in order, and then what comes', () => {
    const [late, sink] = [new LateSink(), new MemorySink()];
    late.expect();
    late.accept(beat(1));
    late.accept(beat(2));
    late.attach(sink);
    late.accept(beat(3));
    expect(times(sink)).to.deep.equal([1, 2, 3]);
  });

  it('keeps nothing where none is expected, and not without end where one is', () => {
    const [late, sink] = [new LateSink(), new MemorySink()];
    late.accept(beat(1));
    late.expect();
    for (let i = 0; i < 30_000; i += 1) late.accept(beat(i));
    late.attach(sink);
    expect(sink.accepted.length).to.equal(20_000);
  });
});
