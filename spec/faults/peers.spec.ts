import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { CLIENTS } from '../support/clients.js';
import { eventually } from '../support/eventually.js';
import { callsAt, enter, leave, settle, type Peer } from '../support/peers/crowd.js';
import { KINDS, TIMEOUT_MS, type Kind } from '../support/peers/kinds.js';
import { caughtUp, logged, results, watching, type Sightings } from '../support/peers/sightings.js';
import { keys } from '../support/registry.js';
import { report, scale } from '../support/scale.js';
import { skipBecause } from '../support/skip.js';
import { latestSample, readSamples, type Sample } from '../support/soak/sample.js';
import { activeIn } from '../support/soak/trends.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const BAD_CALLS = 1_000 * scale;
/** At least so many after every bad peer was found out. */
const ROUNDS = 10;
/** Less than there are peers that hold a call until its deadline. */
const CONCURRENCY = 16;
const EACH = 2;
const WELL = 12;
/** What a thousand calls may take on a machine that is busy with other things as well. */
const PATIENCE_MS = 120_000;
const MEASURE = new URL('../support/soak/measure.js', import.meta.url).href;

for (const [client] of CLIENTS)
  describe(`peers that misbehave, every kind of them at once, called by ${client}`, function () {
    let server: RedisServer;
    let redis: Redis;
    let scheduler: Scheduler;
    let peers: readonly Peer[] = [];
    const started: (() => Promise<unknown>)[] = [];
    let sightings: Sightings;
    let atRest: Sample;
    let found: ReturnType<typeof results>;
    /** Of the rounds since every bad peer was found out. */
    let settled: { readonly rounds: ReturnType<typeof rounds>; readonly calls: readonly number[] };

    const good = () => peers.filter(({ kind }) => kind.reason === undefined);
    const bad = () => peers.filter(({ kind }) => kind.reason !== undefined);
    const of = (kind: Kind) => peers.filter((peer) => peer.kind === kind);
    const rounds = () => logged(scheduler, 'round.finished').filter(({ lane }) => lane === 'regular');
    const samples = () => join(server.folder, 'samples');

    before(async function () {
      if (!existsSync('/proc/self/fd')) skipBecause(this, 'there is no /proc to count descriptors in');
      this.timeout(PATIENCE_MS * (scale + 1));
      server = await RedisServer.start();
      started.push(() => server.stop());
      redis = server.client();
      peers = await settle(KINDS.map((kind) => [kind, kind.what === 'well' ? WELL : EACH]));
      started.push(() => Promise.all(peers.map(({ home }) => home.close())));
      scheduler = await Scheduler.start(
        {
          uuid: US,
          redis: { url: server.url },
          sync: {
            interval: '250ms',
            timeout: TIMEOUT_MS,
            concurrency: CONCURRENCY,
            suspectInterval: '100ms',
            unavailable: { interval: '100ms', concurrency: 40 },
          },
          publicIp: { override: '127.0.0.1' },
          network: { allow: ['loopback'] },
          http: { client },
          log: { level: 'debug' },
        },
        { NODE_OPTIONS: `--import=${MEASURE}`, SOAK_SAMPLES: samples() },
      );
      started.push(async () => {
        await scheduler.kill();
        await scheduler.clear();
      });
      // At rest the registry is empty: this is what the program holds by itself, its status server included.
      await scheduler.logged(({ event }) => event === 'round.finished');
      await scheduler.logged(({ event }) => event === 'status.listening');
      // A quick start has its first round before the first sample.
      const early = existsSync(samples()) ? readSamples(samples()).length : 0;
      await eventually(() => {
        expect(readSamples(samples()).length).to.be.at.least(early + 4);
      });
      atRest = latestSample(samples());

      const uuids = bad().map(({ uuid }) => uuid);
      sightings = await watching(redis, uuids, async () => {
        await enter(redis, peers);
        await eventually(async () => {
          for (const uuid of uuids) expect(await redis.hget(keys.consumer(uuid), 'state')).to.equal('unavailable');
        }, PATIENCE_MS);
        await caughtUp(scheduler);
        const before = { rounds: rounds().length, calls: good().map(({ home }) => home.calls()) };
        await eventually(() => {
          expect(callsAt(bad())).to.be.at.least(BAD_CALLS);
          expect(rounds().length - before.rounds).to.be.at.least(ROUNDS);
        }, PATIENCE_MS * scale);
        await caughtUp(scheduler);
        found = results(scheduler);
        settled = {
          rounds: rounds().slice(before.rounds),
          calls: good().map(({ home }, i) => home.calls() - (before.calls[i] ?? 0)),
        };
      });
    });
    after(async () => {
      for (const end of started.reverse()) await end();
    });

    it('none of them is ever available, neither in the registry nor in an event', async () => {
      expect(sightings.available).to.deep.equal(new Set());
      const told = (await redis.xrange(keys.events, '-', '+'))
        .map(([, [, type, , , , data]]) => ({ type, ...(JSON.parse(data ?? '{}') as { readonly uuid?: string }) }))
        .filter(({ type }) => type === 'peer.available' || type === 'peer.suspect')
        .map(({ uuid }) => uuid);
      expect(new Set(told)).to.deep.equal(new Set(good().map(({ uuid }) => uuid)));
      report(`${bad().length} bad peers, ${sightings.looks} looks at the registry`);
    });

    for (const kind of KINDS) {
      it(`${kind.what}: ${kind.reason ?? 'ok'}`, () => {
        for (const { uuid } of of(kind)) {
          const ends = found.get(uuid) ?? [];
          const expected = kind.reason ?? 'ok';
          // A machine that is busy with something else for a whole deadline is not what this is about.
          const punctual = ends.filter((end) => end !== 'timeout' || expected === 'timeout');
          expect(new Set(punctual)).to.deep.equal(new Set([expected]));
          expect(punctual.length).to.be.greaterThan(ends.length / 2);
        }
      });
    }

    it('those that answer are called in every round, and the rounds are theirs alone', () => {
      const slots = bad().filter(({ kind }) => kind.reason === 'timeout').length;
      expect(slots, 'peers that hold a call').to.be.greaterThan(CONCURRENCY);
      // For each of them a good peer may have been checked as a suspect for once.
      const late = good().flatMap(({ uuid }) => (found.get(uuid) ?? []).filter((end) => end !== 'ok')).length;
      for (const { ok, failed } of settled.rounds)
        expect(ok + failed).to.be.within(good().length - late, good().length);
      // The calls of a round arrive a moment before the log tells of its end.
      for (const calls of settled.calls) expect(calls - settled.rounds.length).to.be.within(-1 - late, 1 + late);
      const longestMs = Math.max(...settled.rounds.map(({ tookMs }) => tookMs));
      report(
        `${settled.rounds.length} rounds over ${good().length} good peers beside ${slots} that hold a call and ` +
          `${bad().length - slots} others; the longest took ${longestMs} ms; ${late} calls to the good were late`,
      );
      expect(longestMs).to.be.lessThan(30_000);
    });

    it(`nothing is held after ${BAD_CALLS} calls to them`, async () => {
      await leave(redis, peers);
      await eventually(() => {
        const now = latestSample(samples());
        expect(now.descriptors).to.be.at.most(atRest.descriptors);
        expect(activeIn(now), JSON.stringify(now.resources)).to.be.at.most(activeIn(atRest));
      });
      const restAgain = latestSample(samples());
      expect(await scheduler.stop()).to.equal(0);
      const { faults, warnings } = latestSample(samples());
      expect({ faults, warnings }).to.deep.equal({ faults: 0, warnings: 0 });
      for (const [when, sample] of Object.entries({ before: atRest, after: restAgain })) {
        report(
          `${when} ${callsAt(bad())} bad calls: ${sample.descriptors} descriptors, ${JSON.stringify(sample.resources)}`,
        );
      }
    });
  });
