import { expect } from 'chai';
import { lastValueFrom, toArray } from 'rxjs';
import { openRedis, redisFailure } from '#src/clients/redis.js';
import type { SchedulerEvent } from '#src/events.js';
import { flushing } from '#src/sinks/sink.js';
import { Journal } from '#src/sinks/journal.js';
import { SchedulerState } from '#src/sinks/schedulerState.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { PeerBook } from '#src/state/peerBook.js';
import { keys, privateRedis } from '../support/registry.js';

describe('the records in Redis', () => {
  const shared = privateRedis();
  const wall = () => 7;
  const identity = { uuid: 'us', version: '1.2.3' };

  describe('SchedulerState', () => {
    const state = () => shared.redis.hgetall(keys.scheduler);

    it('says who we are before anything has happened', async () => {
      await new SchedulerState(shared.redis, keys, identity, wall, redisFailure).flush();
      expect(await state()).to.deep.equal({ uuid: 'us', version: '1.2.3', isolated: '0' });
    });

    it('follows rounds, polls, isolation and the heart beat', async () => {
      const sink = new SchedulerState(shared.redis, keys, identity, wall, redisFailure);
      const events: SchedulerEvent[] = [
        { kind: 'round.started', at: 1, lane: 'regular', round: 4 },
        { kind: 'round.started', at: 9, lane: 'suspect', round: 7 },
        {
          kind: 'round.finished',
          skipped: 0,
          at: 2,
          lane: 'regular',
          round: 4,
          tookMs: 1,
          ok: 8,
          failed: 2,
          aborted: false,
          local: 0,
        },
        {
          kind: 'round.finished',
          skipped: 0,
          at: 9,
          lane: 'suspect',
          round: 7,
          tookMs: 1,
          ok: 0,
          failed: 0,
          aborted: false,
          local: 0,
        },
        { kind: 'ip.polled', at: 3, source: 'dns', result: 'ok' },
        { kind: 'ip.polled', at: 9, source: 'dns', result: 'timeout' },
        { kind: 'isolation.began', at: 5, scope: 'public IPv4', peers: 2 },
        { kind: 'heartbeat', at: 6 },
      ];
      for (const event of events) sink.accept(event);
      await sink.flush();
      expect(await state()).to.deep.equal({
        uuid: 'us',
        version: '1.2.3',
        isolated: '1',
        round: '4',
        round_started_at: '1',
        round_finished_at: '2',
        round_ok: '8',
        round_failed: '2',
        ip_checked_at: '3',
        heartbeat_at: '6',
      });
      sink.accept({ kind: 'isolation.ended', at: 7, scope: 'public IPv4' });
      await sink.flush();
      expect(await state()).to.include({ isolated: '0' });
    });

    it('loses nothing that happens while it is being written', async () => {
      const sink = new SchedulerState(shared.redis, keys, identity, wall, redisFailure);
      sink.accept({ kind: 'round.started', at: 1, lane: 'regular', round: 4 });
      const flushed = sink.flush();
      sink.accept({ kind: 'round.started', at: 2, lane: 'regular', round: 5 });
      await flushed;
      expect(sink.hasUnwritten).to.equal(true);
      await sink.flush();
      expect(await state()).to.include({ round: '5', round_started_at: '2' });
      expect(sink.hasUnwritten).to.equal(false);
    });

    it('says all of it again with each heart beat: Redis may have lost its data', async () => {
      const sink = new SchedulerState(shared.redis, keys, identity, wall, redisFailure);
      await sink.flush();
      await shared.redis.flushall();
      sink.accept({ kind: 'heartbeat', at: 6 });
      await sink.flush();
      expect(await state()).to.deep.equal({ uuid: 'us', version: '1.2.3', isolated: '0', heartbeat_at: '6' });
    });

    it('takes its heart beat away when it is told to stop, and gives no other', async () => {
      const sink = new SchedulerState(shared.redis, keys, identity, wall, redisFailure);
      sink.accept({ kind: 'heartbeat', at: 6 });
      await sink.flush();
      sink.accept({ kind: 'process.stopping', at: 7, signal: 'SIGTERM' });
      await sink.flush();
      sink.accept({ kind: 'heartbeat', at: 8 });
      await sink.flush();
      expect(await state()).to.deep.equal({ uuid: 'us', version: '1.2.3', isolated: '0' });
    });

    it('never touches the IP, which is the outbox’s', async () => {
      await shared.redis.hset(keys.scheduler, { ip: '1.1.1.1', ip_changed_at: '5' });
      const sink = new SchedulerState(shared.redis, keys, identity, wall, redisFailure);
      sink.accept({ kind: 'ip.confirmed', at: 1, ip: '8.8.8.8', agreed: ['dns'] });
      await sink.flush();
      expect(await state()).to.include({ ip: '1.1.1.1', ip_changed_at: '5' });
    });
  });

  describe('Journal', () => {
    const checked = (before: 'available' | undefined, state: 'available' | 'suspect' | undefined): SchedulerEvent => ({
      kind: 'peer.checked',
      lane: 'regular',
      check: {
        uuid: 'a',
        at: 5,
        outcome: { ok: false, reason: 'timeout' },
        counted: true,
        before,
        state,
        failures: 1,
      },
    });
    const entries = async () => (await shared.redis.xrange(keys.events, '-', '+')).map(([, fields]) => fields);

    it('keeps changes and leaves the routine out', async () => {
      const journal = new Journal(shared.redis, keys, wall, redisFailure);
      const routine: SchedulerEvent[] = [
        { kind: 'heartbeat', at: 1 },
        { kind: 'round.started', at: 1, lane: 'regular', round: 1 },
        { kind: 'ip.polled', at: 1, source: 'dns', result: 'ok' },
        { kind: 'peer.discarded', at: 1, uuid: 'a', why: 'clock-gap' },
        { kind: 'peer.undecided', at: 1, lane: 'regular', uuid: 'a', reason: 'timeout' },
        { kind: 'redis.worked', at: 1, what: 'a step' },
        { kind: 'round.skipped', at: 1, lane: 'suspect' },
        {
          kind: 'round.finished',
          skipped: 0,
          at: 1,
          lane: 'suspect',
          round: 1,
          tookMs: 1,
          ok: 1,
          failed: 0,
          aborted: false,
          local: 0,
        },
        checked('available', 'available'),
        checked(undefined, undefined),
      ];
      const changes: SchedulerEvent[] = [
        checked('available', 'suspect'),
        { kind: 'round.skipped', at: 6, lane: 'regular' },
        {
          kind: 'round.finished',
          skipped: 0,
          at: 7,
          lane: 'regular',
          round: 1,
          tookMs: 1,
          ok: 1,
          failed: 0,
          aborted: false,
          local: 0,
        },
        { kind: 'ip.changed', at: 8, ip: '1.1.1.1', previous: undefined, producers: 2 },
        {
          kind: 'peer.malformed',
          at: 9,
          peer: 'consumer',
          uuid: 'b',
          error: 'address-invalid',
          detail: 'whatever they said',
        },
      ];
      for (const event of [...routine, ...changes]) journal.accept(event);
      await journal.flush();
      expect(await entries()).to.deep.equal([
        ['type', 'peer.suspect', 'at', '5', 'data', '{"uuid":"a","before":"available","error":"timeout"}'],
        ['type', 'round.skipped', 'at', '6', 'data', '{"lane":"regular"}'],
        ['type', 'ip.changed', 'at', '8', 'data', '{"ip":"1.1.1.1","producers":2}'],
        ['type', 'peer.malformed', 'at', '9', 'data', '{"peer":"consumer","uuid":"b","error":"address-invalid"}'],
      ]);
    });

    const types = async () => (await entries()).map(([, type]) => type);

    it('tells each condition when it begins, when its cause changes and when it ends, not in between', async () => {
      const journal = new Journal(shared.redis, keys, wall, redisFailure);
      const round = (local = 0, skippedTicks = 0): SchedulerEvent => {
        return {
          kind: 'round.finished',
          skipped: skippedTicks,
          at: 1,
          lane: 'regular',
          round: 1,
          tookMs: 1,
          ok: 1,
          failed: 0,
          aborted: false,
          local,
        };
      };
      const skipped: SchedulerEvent = { kind: 'round.skipped', at: 1, lane: 'regular' };
      const short: SchedulerEvent = { kind: 'peer.discarded', at: 1, uuid: 'a', why: 'local' };
      const confirmed: SchedulerEvent = { kind: 'ip.confirmed', at: 1, ip: '1.1.1.1', agreed: ['dns'] };
      const unknown: SchedulerEvent = { kind: 'ip.unknown', at: 1, failures: [], known: undefined };
      const down = (reason: string): SchedulerEvent => ({ kind: 'redis.down', at: 1, reason });
      const failed = (attempts: number): SchedulerEvent => {
        return {
          kind: 'announcement.failed',
          at: 1,
          uuid: 'p',
          ip: '1.1.1.1',
          attempts,
          reason: 'timeout',
          retryInMs: 5,
        };
      };
      const story: SchedulerEvent[] = [
        ...[skipped, skipped, round(0, 2), skipped, round(0, 1), round(), skipped],
        ...[short, short, round(2), round(), round()],
        ...[confirmed, confirmed, unknown, unknown, confirmed],
        ...[down('refused'), down('refused'), down('NOAUTH'), { kind: 'redis.up', at: 1 } as const],
        ...[failed(1), failed(2), failed(3)],
      ];
      for (const event of story) journal.accept(event);
      await journal.flush();
      expect(await types()).to.deep.equal([
        ...['round.skipped', 'round.skipped', 'host.short', 'host.recovered'],
        ...['ip.confirmed', 'ip.unknown', 'ip.confirmed', 'redis.down', 'redis.down', 'redis.up'],
        'announcement.failed',
      ]);
    });

    it('a network that dies at once pushes nothing out: of peers so many are told, and the number of the rest', async () => {
      let now = 1_000;
      const journal = new Journal(shared.redis, keys, () => now, redisFailure);
      journal.accept({ kind: 'isolation.began', at: now, scope: 'public IPv4', peers: 2 });
      for (let hour = 0; hour < 3; hour += 1) {
        for (let i = 0; i < 5_000; i += 1) journal.accept({ ...checked('available', 'suspect') });
        await journal.flush();
        now += 3_600_000;
        await journal.flush();
      }
      const seen = await types();
      expect(seen.length).to.be.below(1_000);
      expect(seen[0]).to.equal('isolation.began');
      expect(seen.filter((type) => type === 'events.folded')).to.have.length(3);
      const folded = (await entries()).find(([, type]) => type === 'events.folded');
      expect(JSON.parse(folded?.[5] ?? '')).to.deep.equal({ since: 5, counts: { 'peer.suspect': 4_500 } });
    });

    it('is trimmed, and holds no more than a thousand events while Redis is away', async () => {
      const journal = new Journal(shared.redis, keys, wall, redisFailure);
      for (let at = 0; at < 3_000; at += 1)
        journal.accept({ kind: 'isolation.began', at, scope: 'public IPv4', peers: 2 });
      await journal.flush();
      const kept = await entries();
      expect(kept).to.have.length(1_000);
      expect(kept.at(-1)?.[3]).to.equal('2999');
    });
  });

  describe('flushing', () => {
    const all = (redis: Parameters<typeof openRedis>[0]) => {
      const client = openRedis(redis);
      const verdicts = new WriteBack(client, keys, new PeerBook(['public']), wall, redisFailure);
      const state = new SchedulerState(client, keys, identity, wall, redisFailure);
      const journal = new Journal(client, keys, wall, redisFailure);
      journal.accept({ kind: 'isolation.began', at: 1, scope: 'public IPv4', peers: 2 });
      const flush = () =>
        lastValueFrom(flushing([verdicts, state, journal]).pipe(toArray()), {
          defaultValue: [],
        });
      return { client, flush };
    };

    it('tells what could not be written, and loses none of it', async () => {
      const { client, flush } = all({ socketPath: '/nonexistent/redis.sock' });
      const events = await flush();
      expect(events.map((event) => (event.kind === 'redis.failed' ? event.what : event.kind))).to.deep.equal([
        "writing the scheduler's state",
        'writing the events',
      ]);
      client.disconnect();
    });

    it('writes all of it, and says nothing of that', async () => {
      const { client, flush } = all({ socketPath: shared.server.socketPath });
      await new Promise((ready) => client.once('ready', ready));
      expect(await flush()).to.deep.equal([]);
      expect(await shared.redis.exists(keys.scheduler, keys.events)).to.equal(2);
      client.disconnect();
    });
  });
});
