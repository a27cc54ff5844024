import { expect } from 'chai';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import { redisFailure } from '#src/clients/redis.js';
import { runScript } from '#src/clients/script.js';
import { uptime, type History, type HistorySize } from '#src/domain/history.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { keysUnder } from '#src/domain/keys.js';
import { toArguments, toKeys, WRITE } from '#src/sinks/verdictScript.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { readHistories } from '#src/sources/history.js';
import { PeerBook } from '#src/state/peerBook.js';
import type { UnwrittenRow } from '#src/state/peerRow.js';
import { entry } from '../support/entries.js';
import { HistoryModel } from '../support/models/history.js';
import { RedisCluster } from '../support/redisCluster.js';
import { keys, privateRedis, register } from '../support/registry.js';
import { skipBecause } from '../support/skip.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SIZE: HistorySize = { hours: 168, days: 90 };
/** Begins with an hour. */
const START = Date.UTC(2026, 10, 25, 12);
const STARTED = START / MINUTE;

describe('histories, on a real Redis', () => {
  const shared = privateRedis();
  const known = (uuid: string) => entry(uuid, { stored: { ip: '127.0.0.1', port: null } });
  const historyOf = async (uuid = 'a', redis: Redis = shared.redis): Promise<History | undefined> =>
    (await readHistories(redis, keys, [uuid]))[0];
  const checksIn = ({ hours }: History): number =>
    hours.reduce((sum, { answered, failed, withheld }) => sum + answered + failed + withheld, 0);

  describe('the script', () => {
    const row = (): UnwrittenRow => {
      const book = new PeerBook(['loopback']);
      book.remember(known('a'), 1);
      book.record(known('a'), { at: START, outcome: { ok: true, latencyMs: 1 }, counted: true, health: UNCHECKED });
      for (const one of book.unwrittenRows()) book.acknowledge(one);
      const [found] = book.talliedRows(Infinity);
      if (found === undefined) throw new Error('nothing is tallied');
      return found;
    };
    const size = fc.record({
      hours: fc.constantFrom(0, 1, 3, 24, 30, 168),
      days: fc.constantFrom(0, 1, 2, 90),
    });
    const tally = fc
      .record({
        answered: fc.nat(1_023),
        failed: fc.nat(1_023),
        withheld: fc.oneof(fc.constant(0), fc.nat(1_023)),
        code: fc.integer({ min: 1, max: 255 }),
        few: fc.boolean(),
      })
      .map(({ answered, failed, withheld, code, few }) => {
        const answers = few ? answered % 9 : answered;
        return { answered: answers, failed: few ? failed % 3 : failed, withheld, codes: answers * code };
      });
    /** Minutes that go by, back at times, and so far that days go by as well. */
    const passed = fc.oneof(
      fc.integer({ min: 0, max: 90 }),
      fc.integer({ min: -300, max: 4_000 }),
      fc.constantFrom(-5_000, 200_000),
    );

    it('adds, rotates and resizes as the model does', async () => {
      await register(shared.redis, 'consumer', 'a');
      const step = fc.record({ passed, tally, resize: fc.option(size, { freq: 6 }) });
      await fc.assert(
        fc.asyncProperty(size, fc.array(step, { minLength: 1, maxLength: 25 }), async (first, steps) => {
          await shared.redis.del(keys.history('a'));
          const model = new HistoryModel();
          let [now, kept] = [STARTED, first];
          for (const { passed, tally, resize } of steps) {
            now += passed;
            kept = resize ?? kept;
            const guard = { key: keys.leader, token: '' };
            const write = { row: row(), tally: { ...tally, began: now }, guard };
            const args = toArguments(keys, kept, [write], [guard], '');
            expect(await runScript(shared.redis, WRITE, toKeys(keys, [write], [guard]), args)).to.deep.equal(['', 1]);
            model.add(write.tally, kept);
            const read = await historyOf();
            const notEmpty = (one: { answered: number; failed: number; withheld: number }) =>
              one.answered + one.failed + one.withheld > 0;
            const { hours, days } = model.read();
            expect(read).to.deep.equal({ hours: hours.filter(notEmpty), days: days.filter(notEmpty) });
          }
        }),
        { numRuns: 150 },
      );
    });
  });

  describe('written along with verdicts', () => {
    let book: PeerBook;
    let sink: WriteBack;
    let now: number;
    const failure = { ok: false, reason: 'timeout' } as const;
    const begin = (size = SIZE, redis: Redis = shared.redis, under = keys): void => {
      book = new PeerBook(['loopback']);
      sink = new WriteBack(redis, under, book, () => now, redisFailure, size);
    };
    beforeEach(async () => {
      now = START;
      begin();
      await register(shared.redis, 'consumer', 'a');
    });
    const check = (uuid = 'a', result: 'answered' | 'failed' | 'withheld' = 'answered', latencyMs = 20): void => {
      book.remember(known(uuid), 1);
      book.record(known(uuid), {
        at: now,
        outcome: result === 'answered' ? { ok: true, latencyMs } : failure,
        counted: result !== 'withheld',
        health: { ...UNCHECKED, state: 'available' },
      });
    };
    /** A check a minute, each written at once. */
    const checkFor = async (minutes: number, uuid = 'a', result?: 'answered' | 'failed' | 'withheld') => {
      for (let i = 0; i < minutes; i += 1) {
        check(uuid, result);
        await sink.settle();
        now += MINUTE;
      }
    };
    const calls = async (command: string): Promise<number> => {
      const stats = await shared.redis.info('commandstats');
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    };
    const atEnd = () => {
      sink.accept({ kind: 'process.stopping', at: now, signal: 'SIGTERM' });
      return sink.flush();
    };

    it('have the results of each hour and each day, and what they took', async () => {
      await checkFor(60);
      await checkFor(30, 'a', 'failed');
      await checkFor(30, 'a', 'withheld');
      await atEnd();
      const found = await historyOf();
      const [first, second] = found?.hours ?? [];
      expect(found?.hours).to.have.length(2);
      // What began in the first hour belongs there.
      expect(first).to.include({ at: START, answered: 60, withheld: 0, latencyMs: 20 });
      expect(second).to.include({ at: START + HOUR, answered: 0, withheld: 30, latencyMs: undefined });
      expect((first?.failed ?? 0) + (second?.failed ?? 0)).to.equal(30);
      expect(found?.days).to.deep.equal([
        { at: START - 12 * HOUR, answered: 60, failed: 30, withheld: 30, latencyMs: found?.days[0]?.latencyMs },
      ]);
      expect(found?.days[0]?.latencyMs).to.be.within(19, 21);
      expect(uptime(found?.days ?? [], START - DAY, now), 'our own outage is left out').to.equal(60 / 90);
    });

    it('are no larger than 1.2 kB, and go with a peer that has gone', async () => {
      await checkFor(1);
      await atEnd();
      expect(await shared.redis.strlen(keys.history('a'))).to.equal(1_137);
      expect(await shared.redis.pttl(keys.history('a'))).to.be.within(91 * DAY - 60_000, 91 * DAY);
    });

    it('are written once in eight minutes, and not all at once', async () => {
      const uuids = Array.from({ length: 64 }, (_, i) => `p${String(i)}`);
      for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
      await shared.redis.call('CONFIG', 'RESETSTAT');
      const each: number[] = [];
      for (let minute = 0; minute < 32; minute += 1) {
        const before = await calls('set');
        for (const uuid of uuids) check(uuid);
        await sink.settle();
        each.push((await calls('set')) - before);
        now += MINUTE;
      }
      expect(each.reduce((sum, n) => sum + n, 0)).to.be.within(64 * 3, 64 * 4);
      expect(Math.max(...each)).to.be.below(24);
    });

    it('add at most a tenth to what a round sends', async () => {
      const uuids = Array.from({ length: 128 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`);
      for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
      const sent = async (size: HistorySize): Promise<number> => {
        begin(size);
        await shared.redis.call('CONFIG', 'RESETSTAT');
        for (let minute = 0; minute < 24; minute += 1) {
          for (const uuid of uuids) check(uuid);
          await sink.flush();
          now += MINUTE;
        }
        return Number(/total_net_input_bytes:(\d+)/.exec(await shared.redis.info('stats'))?.[1]);
      };
      const [without, withHistory] = [await sent({ hours: 0, days: 0 }), await sent(SIZE)];
      expect(withHistory / without).to.be.within(1.001, 1.1);
    });

    it('lose no result that is ten minutes old where the process is killed, and the next one continues them', async () => {
      const uuids = ['a', 'often', 'seldom', 'rarely'];
      const everyMinutes: Record<string, number> = { a: 1, often: 0.5, seldom: 7, rarely: 95 };
      for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 130 }), { minLength: 1, maxLength: 3 }), async (lives) => {
          for (const uuid of uuids) await shared.redis.del(keys.history(uuid));
          now = START;
          const sure: Record<string, number> = {};
          const made: Record<string, number> = {};
          for (const minutes of lives) {
            begin();
            const killedAt = now + minutes * MINUTE;
            for (let quarter = 0; now < killedAt; quarter += 1) {
              for (const uuid of uuids) {
                if (quarter % ((everyMinutes[uuid] ?? 1) * 4) !== 0) continue;
                check(uuid);
                made[uuid] = (made[uuid] ?? 0) + 1;
                if (killedAt - now >= 10 * MINUTE) sure[uuid] = (sure[uuid] ?? 0) + 1;
              }
              await sink.flush();
              now += MINUTE / 4;
            }
            for (const uuid of uuids) {
              const found = await historyOf(uuid);
              const has = found === undefined ? 0 : checksIn(found);
              expect(has, uuid).to.be.within(sure[uuid] ?? 0, made[uuid] ?? 0);
            }
          }
        }),
        { numRuns: 6 },
      );
    });

    it('are all written by an orderly end, though it is nobody’s turn', async () => {
      check();
      await sink.flush();
      await atEnd();
      expect((await historyOf())?.hours).to.have.length(1);
      expect([...book.talliedRows(Infinity)]).to.deep.equal([]);
    });

    it('have a result once that comes while they are written', async () => {
      check();
      sink.accept({ kind: 'process.stopping', at: now, signal: 'SIGTERM' });
      const writing = sink.flush();
      await Promise.resolve();
      check('a', 'failed');
      await writing;
      await sink.flush();
      expect((await historyOf())?.hours[0]).to.include({ answered: 1, failed: 1 });
    });

    it('are never made for who is not registered, or lives elsewhere by now', async () => {
      check();
      check('gone');
      await shared.redis.hset(keys.consumer('a'), 'ip', '127.0.0.2');
      await atEnd();
      expect(await shared.redis.exists(keys.history('a'), keys.history('gone'))).to.equal(0);
    });

    it('leave keys of another type alone, and begin anew over another text', async () => {
      await register(shared.redis, 'consumer', 'b');
      await shared.redis.rpush(keys.history('a'), 'a list');
      await shared.redis.set(keys.history('b'), 'another text');
      check();
      check('b', 'failed');
      expect(await atEnd()).to.deep.equal([]);
      expect(await shared.redis.lrange(keys.history('a'), 0, -1)).to.deep.equal(['a list']);
      expect(await shared.redis.hget(keys.consumer('a'), 'state'), 'the verdict').to.equal('available');
      expect(await readHistories(shared.redis, keys, ['a', 'b', 'c'])).to.deep.equal([
        undefined,
        {
          hours: [{ at: START, answered: 0, failed: 1, withheld: 0, latencyMs: undefined }],
          days: [{ at: START - 12 * HOUR, answered: 0, failed: 1, withheld: 0, latencyMs: undefined }],
        },
        undefined,
      ]);
    });

    it('follow the configuration: shorter, longer, and none', async () => {
      await checkFor(5 * 60);
      sink.keepHistory({ hours: 2, days: 0 });
      await checkFor(20);
      expect(await historyOf())
        .to.have.property('days')
        .that.deep.equals([]);
      expect((await historyOf())?.hours.map(({ at }) => at)).to.deep.equal([START + 4 * HOUR, START + 5 * HOUR]);
      sink.keepHistory(SIZE);
      await checkFor(10);
      expect((await historyOf())?.hours, 'what is kept stays').to.have.length(2);
      expect((await historyOf())?.days).to.have.length(1);
      sink.keepHistory({ hours: 0, days: 0 });
      const before = await shared.redis.get(keys.history('a'));
      await shared.redis.call('CONFIG', 'RESETSTAT');
      await checkFor(30);
      await atEnd();
      expect(await calls('set')).to.equal(0);
      expect(await shared.redis.get(keys.history('a'))).to.equal(before);
    });

    it('are begun anew after those of a clock that was days ahead, and never by one that is not set', async () => {
      now = START + 300 * DAY;
      check();
      await atEnd();
      now = START;
      check();
      await atEnd();
      expect((await historyOf())?.hours.map(({ at }) => at)).to.deep.equal([START]);
      now = 5 * DAY;
      check();
      await atEnd();
      expect((await historyOf())?.hours.map(({ at }) => at)).to.deep.equal([START]);
    });

    it('hold up no verdict where our user may not keep them, and say so', async () => {
      await shared.redis.call('ACL', 'SETUSER', 'old', 'on', 'nopass', '~*', '+@all', '-get', '-set');
      const client = shared.server.client();
      await client.call('AUTH', 'old', 'x');
      begin(SIZE, client);
      check();
      const told = await atEnd();
      expect(told).to.have.length(1);
      expect(told[0]).to.include({ kind: 'redis.failed', what: 'keeping history' });
      expect(told[0])
        .to.have.property('reason')
        .that.matches(/lacks a permission/);
      expect(await shared.redis.hget(keys.consumer('a'), 'state')).to.equal('available');
      expect(book.unwrittenCount).to.equal(0);
      await shared.redis.call('ACL', 'SETUSER', 'old', '+get', '+set');
      now += 2 * MINUTE;
      expect(await sink.flush()).to.deep.equal([{ kind: 'redis.worked', at: now, what: 'keeping history' }]);
      expect((await historyOf())?.hours[0], 'nothing was lost meanwhile').to.include({ answered: 1 });
    });

    describe('where Redis has no memory left', () => {
      const uuids = Array.from({ length: 600 }, (_, i) => `p${String(i)}`);
      const used = async (): Promise<number> =>
        Number(/used_memory:(\d+)/.exec(await shared.redis.info('memory'))?.[1] ?? 0);
      const histories = async (): Promise<number> => shared.redis.exists(...uuids.map((uuid) => keys.history(uuid)));
      beforeEach(async () => {
        for (const uuid of uuids) await register(shared.redis, 'consumer', uuid);
        for (const uuid of uuids) check(uuid);
        await atEnd();
        expect(await histories()).to.equal(600);
        begin();
      });
      afterEach(() => shared.redis.config('SET', 'maxmemory', '0'));

      it('are given up until the verdicts fit, and kept again when there is room', async () => {
        await shared.redis.config('SET', 'maxmemory', String((await used()) - 200_000));
        now += 10 * MINUTE;
        for (const uuid of uuids) check(uuid, 'failed');
        const told = await sink.flush();
        expect(new Set(told.map((event) => 'what' in event && `${event.kind} ${event.what}`))).to.deep.equal(
          new Set(['redis.failed keeping history']),
        );
        expect(book.unwrittenCount, 'no verdict waits').to.equal(0);
        const errors = await Promise.all(uuids.map((uuid) => shared.redis.hget(keys.consumer(uuid), 'error')));
        expect(errors.every((error) => error === 'timeout')).to.equal(true);
        expect(await histories()).to.be.within(1, 599);
        await shared.redis.config('SET', 'maxmemory', '0');
        now += 10 * MINUTE;
        for (const uuid of uuids) check(uuid);
        expect((await sink.flush()).map(({ kind }) => kind)).to.deep.equal(['redis.worked']);
        expect(await histories()).to.equal(600);
      });

      it('are all given up before a verdict has to wait, and not looked for again', async () => {
        await shared.redis.config('SET', 'maxmemory', '1');
        for (const uuid of uuids) check(uuid, 'failed');
        const kinds = (await sink.flush()).map((event) => 'what' in event && event.what);
        expect(kinds.at(-1)).to.equal('writing verdicts');
        expect(book.unwrittenCount).to.equal(600);
        expect(await histories()).to.equal(0);
        await shared.redis.call('CONFIG', 'RESETSTAT');
        await sink.flush();
        expect(await calls('del')).to.equal(0);
      });
    });

    it('lie in the slot of their prefix in a Cluster', async () => {
      const cluster = await RedisCluster.start();
      try {
        const under = keysUnder('{p2p}:');
        const owner = (await cluster.ownerOf(under.scheduler)).client();
        await register(owner, 'consumer', 'a', { ip: '127.0.0.1' }, under);
        begin(SIZE, owner, under);
        check();
        expect(await atEnd()).to.deep.equal([]);
        expect((await readHistories(owner, under, ['a']))[0]?.hours).to.have.length(1);
      } finally {
        await cluster.stop();
      }
    });
  });

  it('are read by the program in the documentation', async function () {
    const page = await readFile(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    const [, program = ''] = /```python\n([^]*?)```/.exec(page) ?? [];
    expect(program).to.not.equal('');
    if (spawnSync('python3', ['-c', '']).status !== 0) return skipBecause(this, 'there is no python3');
    const book = new PeerBook(['loopback']);
    await register(shared.redis, 'consumer', 'a');
    book.remember(known('a'), 1);
    for (const at of [START, START + MINUTE]) {
      book.record(known('a'), { at, outcome: { ok: true, latencyMs: 64 }, counted: true, health: UNCHECKED });
    }
    book.record(known('a'), {
      at: START,
      outcome: { ok: false, reason: 'timeout' },
      counted: false,
      health: UNCHECKED,
    });
    await new WriteBack(shared.redis, keys, book, () => START, redisFailure, SIZE).flushAtEnd();
    // redis-cli adds a line feed.
    const input = Buffer.concat([
      (await shared.redis.getBuffer(keys.history('a'))) ?? Buffer.alloc(0),
      Buffer.from('\n'),
    ]);
    const { stdout, stderr } = spawnSync('python3', ['-c', program], { input });
    expect([stdout.toString(), stderr.toString()]).to.deep.equal(['2026-11-25 12:00Z 2 0 1 64\n', '']);
  });
});
