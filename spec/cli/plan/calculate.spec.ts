import { expect } from 'chai';
import fc from 'fast-check';
import { adviceOf } from '#src/cli/plan/advice.js';
import { planOf, type Plan } from '#src/cli/plan/calculate.js';
import { FIGURES } from '#src/cli/plan/figures.js';
import type { Workload } from '#src/cli/plan/workload.js';
import { schema } from '#src/config/config.js';

const settings = schema.parse({ uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11' });
const { sync } = settings;

const workload = (over: Partial<Workload> = {}): Workload => ({
  peers: 5_000,
  producers: 10,
  silent: 0.05,
  latencyMs: 100,
  settings,
  ...over,
});

const anySituation = fc
  .record({
    peers: fc.nat(1_000_000),
    producers: fc.nat(100_000),
    silent: fc.double({ min: 0, max: 1, noNaN: true }),
    latencyMs: fc.integer({ min: 1, max: 10_000 }),
    intervalMs: fc.integer({ min: 50, max: 3_600_000 }),
    timeoutMs: fc.integer({ min: 10, max: 60_000 }),
    spread: fc.double({ min: 0, max: 0.9, noNaN: true }),
    client: fc.constantFrom('node-fetch' as const, 'native' as const),
  })
  .map(({ intervalMs, timeoutMs, spread, client, ...node }) => ({
    ...node,
    settings: { ...settings, http: { ...settings.http, client }, sync: { ...sync, intervalMs, timeoutMs, spread } },
  }));

/** Each number of a plan under its path. */
function numbers(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => numbers(inner, `${path}.${name}`));
}

const expectAtLeast = (more: Plan, less: Plan): void => {
  const least = new Map(numbers(less));
  for (const [path, value] of numbers(more)) expect(value, path).to.be.at.least((least.get(path) ?? NaN) - 1e-6);
};

describe('a plan', () => {
  it('is made of finite numbers that are not negative', () => {
    fc.assert(
      fc.property(anySituation, (one) => {
        for (const [path, value] of numbers(planOf(one))) {
          expect(Number.isFinite(value) && value >= 0, `${path}: ${value}`).to.equal(true);
        }
      }),
    );
  });

  it('never asks for less where there are more consumers, more producers, or slower answers', () => {
    fc.assert(
      fc.property(anySituation, fc.nat(10_000), (one, more) => {
        const plan = planOf(one);
        expectAtLeast(planOf({ ...one, peers: one.peers + more }), plan);
        expectAtLeast(planOf({ ...one, producers: one.producers + more }), plan);
        expectAtLeast(planOf({ ...one, latencyMs: one.latencyMs + more }), plan);
      }),
    );
  });

  it('needs no more workers where the interval is longer, and no fewer where the timeout is', () => {
    fc.assert(
      fc.property(anySituation, fc.nat(10_000), (one, more) => {
        const over = (sync: Partial<Workload['settings']['sync']>): Plan =>
          planOf({ ...one, settings: { ...one.settings, sync: { ...one.settings.sync, ...sync } } });
        const plan = planOf(one);
        const { intervalMs, timeoutMs } = one.settings.sync;
        expect(over({ intervalMs: intervalMs + more }).concurrency.needed).to.be.at.most(plan.concurrency.needed);
        const slower = over({ timeoutMs: timeoutMs + more });
        expect(slower.concurrency.needed).to.be.at.least(plan.concurrency.needed);
        expect(slower.unavailable_concurrency.needed).to.be.at.least(plan.unavailable_concurrency.needed);
      }),
    );
  });

  it('gives a round as many workers as end it within the interval, silent peers included', () => {
    fc.assert(
      fc.property(anySituation, (one) => {
        const { needed } = planOf(one).concurrency;
        const silent = Math.round(one.peers * one.silent);
        const { intervalMs, timeoutMs } = one.settings.sync;
        const workMs = (one.peers - silent) * one.latencyMs + silent * timeoutMs;
        expect(workMs / needed).to.be.at.most(intervalMs * (1 + 1e-9));
        if (needed > 1) expect(workMs / (needed - 1)).to.be.greaterThan(intervalMs * (1 - 1e-9));
      }),
    );
  });

  it('counts by hand for 5,000 peers with the defaults', () => {
    const plan = planOf(workload());
    expect(plan.requests_per_second).to.be.closeTo(5_000 / 60, 1e-9);
    // 4,750 answer after 100 ms, 250 are waited for 5 s: 1,725 s of waiting in 60 s.
    expect(plan.concurrency).to.deep.equal({ needed: 29, set: 64 });
    expect(plan.unavailable_concurrency).to.deep.equal({ needed: 21, set: 32 });
    expect(plan.known_ms).to.be.closeTo(1_725_000 / 128, 1e-6);
    expect(plan.judged_ms - plan.known_ms).to.be.closeTo((2 * 250 * 5_000) / 64, 1e-6);
    expect(plan.ip_found_ms).to.be.closeTo(132_000, 1e-6);
    expect(plan.memory_bytes / 1_048_576).to.be.closeTo(FIGURES.residentNodeFetch.value, 1e-6);
    expect(plan.redis_history_bytes).to.be.closeTo(5_000 * FIGURES.redisHistory.value, 1);
  });

  it('finds a changed IP at once with an override', () => {
    const publicIp = { ...settings.publicIp, override: '203.0.113.7' };
    expect(planOf(workload({ settings: { ...settings, publicIp } })).ip_found_ms).to.equal(null);
  });
});

describe('the advice of a plan', () => {
  const adviceFor = (one: Workload): readonly string[] => adviceOf(one, planOf(one));
  const withSync = (over: object): Workload['settings'] => ({ ...settings, sync: { ...sync, ...over } });
  const native = { ...settings, http: { ...settings.http, client: 'native' as const } };

  it('is empty for a node that the defaults are enough for', () => {
    expect(adviceFor(workload({ peers: 1_000 }))).to.deep.equal([]);
    expect(adviceFor(workload({ peers: 0, producers: 0 }))).to.deep.equal([]);
  });

  it('names the workers that are missing, and none that are there', () => {
    const few = withSync({ concurrency: 8, unavailable: { ...sync.unavailable, concurrency: 4 } });
    expect(adviceFor(workload({ settings: few }))).to.deep.equal([
      'Set sync.concurrency to 29: with 8 a round in which the silent peers fall silent does not end within 1m.',
      'Set sync.unavailable.concurrency to 21: with 4 the silent peers are called less often than every 1m.',
    ]);
    expect(adviceFor(workload({ settings: withSync({ concurrency: 29 }) }))).to.deep.equal([]);
  });

  it('asks for no more workers than a lane can have', () => {
    const [first, ...others] = adviceFor(workload({ peers: 1_000_000, silent: 1, settings: native }));
    expect(first).to.equal('Lower sync.timeout, or raise sync.interval: a lane has at most 10,000 workers.');
    expect(others.join()).to.not.include('concurrency');
  });

  it('goes from the other client to replicas', () => {
    const history = { ...settings.history, hours: 24 };
    const many = (over: Workload['settings']): Workload =>
      workload({ peers: 30_000, silent: 0, settings: { ...over, history } });
    const [first, ...others] = adviceFor(many(settings));
    expect(first).to.match(/^Set http\.client to native/);
    expect(others).to.deep.equal([]);
    expect(adviceFor(many(native))).to.deep.equal([]);
    expect(adviceFor(workload({ peers: 200_000, silent: 0, settings: native })).join()).to.include('replicas.enabled');
  });

  it('speaks of the history where it takes much of Redis’ memory', () => {
    const ofHistory = (peers: number, hours: number): boolean => {
      const history = { ...settings.history, hours };
      return adviceFor(workload({ peers, settings: { ...native, history } }))
        .join()
        .includes('history.hours');
    };
    expect([ofHistory(50_000, 168), ofHistory(50_000, 24), ofHistory(5_000, 168)]).to.deep.equal([true, false, false]);
  });

  it('speaks of open files and of a long first start where they are out of the usual', () => {
    const large = adviceFor(workload({ peers: 50_000, silent: 0.5, settings: native })).join('\n');
    expect(large).to.include('LimitNOFILE=').and.include('sync.pending.concurrency');
  });
});
