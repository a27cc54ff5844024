import { expect } from 'chai';
import type { RedisClient } from '#src/clients/redis.js';
import type { Lane } from '#src/domain/peer/peer.js';
import type { SchedulerEvent } from '#src/events.js';
import { Series } from '#src/sinks/series.js';
import { keys } from '../support/registry.js';

const T = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const NEVER_KEPT = { kind: 'redis.failed', what: 'writing the series' } as const;

describe('the series, on a stream in memory', () => {
  let now: number;
  let added: (readonly (string | number)[])[];
  /** What the server makes of an entry before it takes it. */
  let onAdd: (args: readonly (string | number)[]) => void | Promise<void>;
  let lanes: readonly Lane[];
  let series: Series;

  beforeEach(() => {
    now = T;
    added = [];
    lanes = [];
    onAdd = () => undefined;
    const redis = {
      xadd: async (...args: readonly (string | number)[]) => {
        await onAdd(args);
        added.push(args);
        return `${String(added.length)}-0`;
      },
    } as unknown as RedisClient;
    const counts = { available: 7, suspect: 2, unavailable: 1, pending: 3, denied: 4, invalid: 5 };
    const oldestCheck = (of: readonly Lane[]) => {
      lanes = of;
      return undefined;
    };
    series = new Series(
      redis,
      keys,
      { counts: () => counts, oldestCheck },
      () => now,
      (error) => String(error),
    );
    series.accept({ kind: 'heartbeat', at: now });
  });

  const minutes = (count: number): void => {
    for (let i = 0; i < count; i += 1) series.accept({ kind: 'heartbeat', at: (now += MINUTE) });
  };
  const answered = (latencyMs: number): SchedulerEvent => ({
    kind: 'peer.checked',
    lane: 'regular',
    check: {
      ...{ uuid: 'a', at: now, outcome: { ok: true, latencyMs }, counted: true },
      ...{ before: 'available', state: 'available', failures: 0 },
    },
  });
  const tried = (trim: 'MINID' | 'MAXLEN', all: readonly (readonly (string | number)[])[]): number =>
    all.filter((args) => args.includes(trim)).length;

  it('waits to be flushed while it has a sample, and at no other time', async () => {
    expect(series.hasUnwritten).to.equal(false);
    minutes(1);
    expect(series.hasUnwritten).to.equal(true);
    expect(await series.flush()).to.deep.equal([]);
    expect(added).to.have.length(1);
    expect(series.hasUnwritten).to.equal(false);
  });

  it('gives of the last day what lies in the time that is asked for, both ends with it', () => {
    minutes(4);
    const at = (from: number, to: number) => series.recent(from, to).map((sample) => (sample.at - T) / MINUTE);
    expect(at(T + 2 * MINUTE, T + 3 * MINUTE)).to.deep.equal([2, 3]);
    expect(at(T + 2 * MINUTE + 1, T + 3 * MINUTE - 1)).to.deep.equal([]);
    expect(at(0, now)).to.deep.equal([1, 2, 3, 4]);
  });

  it('has the latencies of each minute for themselves', () => {
    for (let i = 0; i < 100; i += 1) series.accept(answered(1));
    minutes(1);
    series.accept(answered(1_024));
    minutes(1);
    expect(series.recent(now, now)[0]).to.include({ p50_ms: 1_024, p95_ms: 1_024, p99_ms: 1_024, answered: 1 });
  });

  it('is as fresh as the oldest check of those that may be available', () => {
    minutes(1);
    expect(lanes).to.have.members(['regular', 'suspect', 'pending']);
  });

  it('loses no sample where a day of them comes while one is written', async () => {
    let isFirst = true;
    onAdd = () => {
      if (isFirst) minutes(1_440);
      isFirst = false;
    };
    minutes(1);
    await series.flush();
    expect(added).to.have.length(1_441);
    const times = added.map((args) => args[args.indexOf('at') + 1]);
    expect(times).to.deep.equal(Array.from({ length: 1_441 }, (_, i) => T + (i + 1) * MINUTE));
  });

  for (const message of ['ERR syntax error', 'ERR Invalid stream ID specified', 'ERR wrong number of arguments']) {
    it(`asks an old server once to trim by time, and then by the samples of seven days: ${message}`, async () => {
      const asked: (readonly (string | number)[])[] = [];
      onAdd = (args) => {
        asked.push(args);
        if (args.includes('MINID')) throw new Error(message);
      };
      minutes(3);
      expect(await series.flush()).to.deep.equal([]);
      expect(tried('MINID', asked)).to.equal(1);
      expect(tried('MAXLEN', added)).to.equal(3);
      for (const args of added) expect(args.slice(1, 5)).to.deep.equal(['MAXLEN', '~', 7 * 24 * 60, '*']);
    });
  }

  it('takes no other failure for that of an old server', async () => {
    const failures = [new Error('OOM command not allowed'), new Error('MISCONF ERR syntax')];
    for (const failure of failures) {
      const asked: (readonly (string | number)[])[] = [];
      onAdd = (args) => {
        asked.push(args);
        throw failure;
      };
      minutes(1);
      expect((await series.flush())[0]).to.include(NEVER_KEPT);
      expect(tried('MAXLEN', asked)).to.equal(0);
    }
    onAdd = () => undefined;
    await series.flush();
    expect(tried('MINID', added)).to.equal(2);
  });
});
