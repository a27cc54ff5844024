import { expect } from 'chai';
import { redisFailure } from '#src/clients/redis.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { Journal } from '#src/sinks/journal.js';
import { ReplicaFields } from '#src/sinks/replicaFields.js';
import { SchedulerState } from '#src/sinks/schedulerState.js';
import { withoutLeaderEvents } from '#src/sinks/whileHeld.js';
import { MemorySink } from '../support/deps.js';
import { keys, privateRedis } from '../support/registry.js';

const FINISHED: EventOf<'round.finished'> = {
  ...{ kind: 'round.finished', at: 2, lane: 'regular', round: 4, tookMs: 1 },
  ...{ ok: 8, failed: 2, aborted: false, local: 0, skipped: 0 },
};

describe('the records of replicas', () => {
  const shared = privateRedis();
  const wall = () => 7;

  it('the leader writes sums over all of them', async () => {
    const sink = new SchedulerState(shared.redis, keys, { uuid: 'us' }, wall, redisFailure, undefined, true);
    const events: SchedulerEvent[] = [
      { kind: 'round.started', at: 1, lane: 'regular', round: 4 },
      FINISHED,
      { kind: 'isolation.began', at: 3, scope: 'public IPv4', peers: 2 },
      { kind: 'replicas.counted', at: 4, replicas: 2, ok: 20, failed: 3, isolated: false },
    ];
    for (const event of events) sink.accept(event);
    await sink.flush();
    expect(await shared.redis.hgetall(keys.scheduler)).to.deep.equal({
      ...{ uuid: 'us', isolated: '0', round: '4', round_started_at: '1', round_finished_at: '2' },
      ...{ round_ok: '20', round_failed: '3' },
    });
  });

  it('each tells of itself what the leader told alone', () => {
    const fields = new ReplicaFields({ name: 'nas-1' }, () => 12);
    expect(fields.now()).to.deep.equal({ name: 'nas-1', isolated: 0, peers: 12 });
    const events: SchedulerEvent[] = [
      { kind: 'round.started', at: 1, lane: 'suspect', round: 9 },
      { kind: 'round.started', at: 1, lane: 'regular', round: 4 },
      { ...FINISHED, peers: { available: 8, suspect: 2, unavailable: 3, pending: 0, denied: 0, invalid: 0 } },
      { kind: 'isolation.began', at: 3, scope: 'public IPv4', peers: 2 },
      { kind: 'ip.confirmed', at: 3, ip: '1.1.1.1', agreed: [] },
      { kind: 'heartbeat', at: 5 },
    ];
    for (const event of events) fields.accept(event);
    expect(fields.now()).to.deep.equal({
      ...{ name: 'nas-1', isolated: 1, peers: 12, ip: '1.1.1.1', heartbeat_at: 5 },
      ...{ round: 4, round_started_at: 1, round_finished_at: 2, round_ok: 8, round_failed: 5 },
    });
  });

  it('one silent peer is no isolation of theirs, and nothing of it has to be flushed', async () => {
    const fields = new ReplicaFields({ name: 'nas-1' }, () => 12);
    fields.accept({ kind: 'isolation.began', at: 3, scope: 'public IPv4', peers: 1 });
    expect(fields.now()).to.include({ isolated: 0 });
    expect(fields.hasUnwritten).to.equal(false);
    expect(await fields.flush()).to.deep.equal([]);
  });

  it('an entry of the journal names the replica that tells it', async () => {
    const journal = new Journal(shared.redis, keys, wall, redisFailure, undefined, 'nas-1');
    journal.accept({ kind: 'shares.changed', at: 1, held: 32, of: 64, gained: 32, lost: 0 });
    journal.accept({ kind: 'replicas.counted', at: 1, replicas: 2, ok: 1, failed: 0, isolated: false });
    await journal.flush();
    const [[, fields] = []] = await shared.redis.xrange(keys.events, '-', '+');
    expect(fields?.slice(0, 4)).to.deep.equal(['type', 'shares.changed', 'at', '1']);
    expect(JSON.parse(fields?.[5] ?? '')).to.deep.equal({ held: 32, of: 64, gained: 32, lost: 0, replica: 'nas-1' });
    expect(await shared.redis.xlen(keys.events)).to.equal(1);
  });

  it('what all of them would tell is the leader’s to tell', () => {
    const inner = new MemorySink();
    const leadership = { leads: false };
    const sink = withoutLeaderEvents(inner, leadership);
    const joined: SchedulerEvent = { kind: 'replica.joined', at: 1, instance: 'i', name: 'nas-2' };
    const changed: SchedulerEvent = { kind: 'ip.confirmed', at: 1, ip: '1.1.1.1', agreed: [] };
    const own: SchedulerEvent = { kind: 'shares.doubtful', at: 1, held: 3 };
    for (const event of [joined, changed, own]) sink.accept(event);
    expect(inner.accepted).to.deep.equal([own]);
    leadership.leads = true;
    for (const event of [joined, changed]) sink.accept(event);
    expect(inner.accepted).to.deep.equal([own, joined, changed]);
    expect(sink.hasUnwritten).to.equal(true);
  });
});
