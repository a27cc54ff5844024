import { expect } from 'chai';
import { openRedis, redisFailure, type RedisClient } from '#src/clients/redis.js';
import type { Sample } from '#src/domain/sample.js';
import type { CheckRecord, SchedulerEvent } from '#src/events.js';
import { Series } from '#src/sinks/series.js';
import { readSeries } from '#src/sources/series.js';
import { keys, privateRedis } from '../support/registry.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('the series', () => {
  const shared = privateRedis();
  const counts = { available: 7, suspect: 2, unavailable: 1, pending: 3, denied: 4, invalid: 5 };
  let now: number;
  let oldest: number | undefined;
  let series: Series;
  const seriesOn = (redis: RedisClient) =>
    new Series(redis, keys, { counts: () => counts, oldestCheck: () => oldest }, () => now, redisFailure);
  const beat = (): void => {
    series.accept({ kind: 'heartbeat', at: now });
  };
  const minutes = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      now += MINUTE;
      beat();
    }
  };
  const checked = (outcome: CheckRecord['outcome'], counted = true): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: {
      uuid: 'a',
      at: now,
      outcome,
      counted,
      before: 'available',
      state: 'available',
      failures: 0,
    },
  });
  const read = () => readSeries(shared.redis, keys, 0, Number.MAX_SAFE_INTEGER);
  const quiet: Omit<Sample, 'at'> = {
    round_ms: null,
    p50_ms: null,
    p95_ms: null,
    p99_ms: null,
    available: 7,
    suspect: 2,
    unavailable: 1,
    pending: 3,
    freshness_s: null,
    isolated: false,
    answered: 0,
    failed: 0,
  };

  beforeEach(() => {
    now = Math.floor(Date.now() / MINUTE) * MINUTE;
    oldest = undefined;
    series = seriesOn(shared.redis);
    beat();
  });

  it('has a sample of each minute, by the heart beat', async () => {
    for (let i = 0; i < 11; i += 1) {
      now += 5_000;
      beat();
    }
    await series.flush();
    expect(await read()).to.deep.equal([]);
    now += 5_000;
    beat();
    await series.flush();
    expect(await read()).to.deep.equal([{ at: now, ...quiet }]);
  });

  it('says what the minute was like, and begins the next one anew', async () => {
    for (let ms = 1; ms <= 100; ms += 1) series.accept(checked({ ok: true, latencyMs: ms }));
    series.accept(checked({ ok: false, reason: 'timeout' }));
    series.accept(checked({ ok: false, reason: 'timeout' }, false));
    for (const [lane, tookMs] of [
      ['regular', 1_234],
      ['suspect', 9],
    ] as const) {
      series.accept({
        kind: 'round.finished',
        skipped: 0,
        at: now,
        lane,
        round: 1,
        tookMs,
        ok: 1,
        failed: 0,
        aborted: false,
        local: 0,
      });
    }
    oldest = now - 5_000;
    minutes(1);
    minutes(1);
    await series.flush();
    const [first, second] = await read();
    expect(first).to.include({ at: now - MINUTE, round_ms: 1_234, freshness_s: 65, answered: 100, failed: 2 });
    expect(first?.p50_ms).to.be.within(49, 51);
    expect(first?.p95_ms).to.be.within(93, 97);
    expect(first?.p99_ms).to.be.within(97, 101);
    expect(second).to.deep.equal({ ...quiet, at: now, freshness_s: 125 });
  });

  it('says of each minute in which we were isolated that we were', () => {
    series.accept({ kind: 'isolation.began', at: now, scope: 'public IPv4', peers: 1 });
    minutes(1);
    series.accept({ kind: 'isolation.began', at: now, scope: 'public IPv6', peers: 2 });
    minutes(2);
    series.accept({ kind: 'isolation.ended', at: now, scope: 'public IPv6' });
    minutes(2);
    expect(series.recent(0, now).map(({ isolated }) => isolated)).to.deep.equal([false, true, true, true, false]);
  });

  it('is trimmed to seven days', async () => {
    for (let i = 0; i < 500; i += 1) {
      await shared.redis.xadd(keys.series, `${String(now - 8 * DAY + i)}-0`, 'at', now - 8 * DAY + i);
    }
    minutes(1);
    await series.flush();
    expect(await shared.redis.xlen(keys.series)).to.be.at.most(201);
    expect(await read()).to.have.length(1);
  });

  it('on a Redis that can’t trim by time, by their number', async () => {
    const redis = Object.create(shared.redis) as typeof shared.redis;
    redis.xadd = ((...args: Parameters<typeof shared.redis.xadd>) =>
      args.includes('MINID')
        ? Promise.reject(new Error('ERR Invalid stream ID specified as stream command argument'))
        : shared.redis.xadd(...args)) as typeof shared.redis.xadd;
    series = seriesOn(redis);
    beat();
    minutes(2);
    expect(await series.flush()).to.deep.equal([]);
    expect(await read()).to.have.length(2);
  });

  it('remembers a day while Redis is away, and writes it when that is back', async () => {
    const away = openRedis({ socketPath: '/nonexistent/redis.sock' });
    let redis: RedisClient = away;
    series = seriesOn(
      new Proxy({} as RedisClient, {
        get: (_, name) => (Reflect.get(redis, name) as (...args: unknown[]) => unknown).bind(redis),
      }),
    );
    beat();
    minutes(1_500);
    const [failed] = await series.flush();
    expect(failed).to.include({ kind: 'redis.failed', what: 'writing the series' });
    expect(series.recent(0, now)).to.have.length(1_440);
    redis = shared.redis;
    expect(await series.flush()).to.deep.equal([{ kind: 'redis.worked', at: now, what: 'writing the series' }]);
    expect(await read()).to.deep.equal(series.recent(0, now));
    expect(await series.flush()).to.deep.equal([]);
    away.disconnect();
  });

  it('waits where the key holds another type, and leaves that alone', async () => {
    await shared.redis.set(keys.series, 'a text');
    minutes(1);
    expect((await series.flush()).map(({ kind }) => kind)).to.deep.equal(['redis.failed']);
    expect(await read()).to.deep.equal([]);
    expect(await shared.redis.get(keys.series)).to.equal('a text');
  });

  describe('readSeries', () => {
    const fields = (over: Record<string, string | number> = {}) =>
      Object.entries({ ...quiet, at: 1_000, isolated: 0, ...over }).flatMap(([name, value]) =>
        value === null ? [] : [name, String(value)],
      );

    it('gives what lies in the time asked for, the oldest first, each once', async () => {
      for (const at of [1_000, 3_000, 2_000, 2_000, 4_000])
        await shared.redis.xadd(keys.series, '*', ...fields({ at }));
      const found = await readSeries(shared.redis, keys, 1_500, 3_000);
      expect(found.map(({ at }) => at)).to.deep.equal([2_000, 3_000]);
    });

    it('reads more than a page', async () => {
      const pipeline = shared.redis.pipeline();
      for (let at = 0; at < 2_500; at += 1)
        pipeline.xadd(keys.series, `${String(1 + Math.floor(at / 1_700))}-${String(at + 1)}`, ...fields({ at }));
      await pipeline.exec();
      expect(await read()).to.have.length(2_500);
    });

    it('leaves out what is no sample', async () => {
      const wrong = [
        ['a', 'b'],
        fields({ at: 'soon' }),
        fields({ available: '' }),
        fields({ isolated: 'perhaps' }),
        fields({ p50_ms: '-1' }),
        fields().filter((word, i, all) => word !== 'available' && all[i - 1] !== 'available'),
      ];
      for (const one of wrong) await shared.redis.xadd(keys.series, '*', ...one);
      await shared.redis.xadd(keys.series, '*', ...fields({ at: 5, later: 'field' }));
      const found = await read();
      expect(found.slice(-1)).to.deep.equal([{ ...quiet, at: 5 }]);
      expect(found).to.have.length(1);
    });
  });
});
