import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { keys } from '../support/registry.js';
import { report, scale } from '../support/scale.js';
import { skipBecause } from '../support/skip.js';
import { CrowdProcess } from '../support/soak/crowdProcess.js';
import { CONSUMERS, uuidOf } from '../support/soak/orders.js';
import { countRounds } from '../support/soak/rounds.js';
import { latestSample, readSamples, TICK_JITTER, TICK_MS, type Sample } from '../support/soak/sample.js';
import { activeIn, table, trends } from '../support/soak/trends.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const ROUNDS = 100 * scale;
/** In rounds. Redis goes away and the IP changes first in the shortest run already. */
const CHAPTER = 50;
const RESTART_EVERY = 20;
const NEW_IP_EVERY = 50;
/** Far more than it takes, on a machine that has other work as well. */
const ROUND_MS = 500;
const PATIENCE_MS = 60_000;
/** Share of the time after which the heap and the compiler have settled. */
const WARM_UP = 0.2;
const MEASURE = new URL('../support/soak/measure.js', import.meta.url).href;
const addressOf = (n: number): string => `93.184.216.${n + 1}`;

describe('soak', () => {
  let server: RedisServer;
  let crowd: CrowdProcess | undefined;
  let scheduler: Scheduler | undefined;

  before(async () => {
    server = await RedisServer.start({ args: ['--appendonly', 'yes'] });
  });
  after(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    await crowd?.end();
    await server.stop();
  });

  it(`${ROUNDS} rounds over ${CONSUMERS} peers that come, go, move and misbehave`, async function () {
    if (!existsSync('/proc/self/fd')) skipBecause(this, 'there is no /proc to count descriptors in');
    this.timeout(2 * PATIENCE_MS + ROUNDS * ROUND_MS);
    crowd = await CrowdProcess.start(server.socketPath);
    await crowd.order({ ip: addressOf(0) });
    const samplesFile = join(server.folder, 'samples');
    scheduler = await Scheduler.start(
      {
        uuid: US,
        redis: { url: server.url },
        sync: {
          interval: `${TICK_MS}ms`,
          jitter: TICK_JITTER,
          // Well above what a busy machine adds to each answer, so that who behaves well is seen to.
          timeout: '300ms',
          suspectInterval: '300ms',
          unavailable: { interval: '1500ms' },
        },
        publicIp: { interval: '1s', timeout: '1s', sources: crowd.ipUrls.map((url) => ({ url })) },
        announce: { timeout: '200ms', retry: { initial: '100ms', max: '1s' } },
        network: { allow: ['loopback'] },
      },
      { NODE_OPTIONS: `--import=${MEASURE}`, SOAK_SAMPLES: samplesFile },
    );
    const rounds = countRounds(scheduler);
    const reach = (n: number) =>
      eventually(
        () => {
          expect(rounds().completed).to.be.at.least(n);
        },
        PATIENCE_MS + CHAPTER * ROUND_MS,
      );

    // At rest the registry is empty: this is what the program holds by itself, once it knows its IP.
    await scheduler.logged(({ event }) => event === 'ip.confirmed', PATIENCE_MS);
    await scheduler.logged(({ event }) => event === 'status.listening', PATIENCE_MS);
    await reach(rounds().completed + 20);
    const atRest = latestSample(samplesFile);
    await crowd.order({ do: 'arrive' });
    const churnAt = Date.now();
    const first = rounds().completed;
    let ips = 0;
    let restarts = 0;
    for (let chapter = 0; chapter * CHAPTER < ROUNDS; chapter += 1) {
      if (chapter % NEW_IP_EVERY === 0) await crowd.order({ ip: addressOf((ips += 1)) });
      if (chapter % RESTART_EVERY === 1) {
        await server.kill();
        await delay(300);
        await server.launch();
        restarts += 1;
      }
      await reach(first + (chapter + 1) * CHAPTER);
    }
    const churnedMs = Date.now() - churnAt;

    const warmAt = churnAt + churnedMs * WARM_UP;
    const lines = trends(readSamples(samplesFile).filter(({ at }) => at >= warmAt && at <= churnAt + churnedMs));
    for (const line of table(lines)) report(line);

    const lastLines = (): string =>
      (scheduler?.lines ?? [])
        .slice(-30)
        .map(({ message }) => message)
        .join('\n');

    await crowd.order({ do: 'calm' });
    const redis = server.client();
    await eventually(async () => {
      const available = await Promise.all(
        Array.from({ length: CONSUMERS }, (_, i) => redis.hget(keys.consumer(uuidOf('c', i)), 'available')),
      );
      expect(
        available.filter((value) => value !== '1'),
        lastLines(),
      ).to.deep.equal([]);
      expect(await redis.zcard(keys.announcements)).to.equal(0);
    }, PATIENCE_MS);
    const { figures, told } = await crowd.order({ do: 'leave' });
    for (const addresses of told) expect(addresses.at(-1)).to.equal(addressOf(ips));
    await eventually(() => {
      const now = latestSample(samplesFile);
      expect(now.descriptors).to.be.at.most(atRest.descriptors);
      expect(activeIn(now), JSON.stringify(now.resources)).to.be.at.most(activeIn(atRest));
    }, PATIENCE_MS);
    const restAgain = latestSample(samplesFile);
    expect(await scheduler.stop()).to.equal(0);

    const { ticks, faults, warnings } = latestSample(samplesFile);
    const { completed, skipped, aborted } = rounds();
    // The first tick comes at once, without a timer.
    expect(completed + skipped + aborted).to.equal(ticks + 1);
    expect({ faults, warnings }).to.deep.equal({ faults: 0, warnings: 0 });

    report(`${completed} rounds completed + ${skipped} skipped + ${aborted} cut short = ${ticks + 1} ticks`);
    report(
      `${figures.calls} calls to ${CONSUMERS} peers in ${minutes(churnedMs)}: ${figures.behaviours} changes of behaviour, ` +
        `${figures.left} left, ${figures.joined} joined, ${figures.moved} moved; ${ips} new IPs, ${restarts} restarts of Redis`,
    );
    report(`${faults} unhandled errors, ${warnings} warnings`);
    report(`at rest before and after: ${rest(atRest)}; ${rest(restAgain)}`);
    for (const { name, least, bound } of lines) expect(least, name).to.be.lessThan(bound);
  });
});

function rest({ descriptors, rss, resources }: Sample): string {
  return `${descriptors} descriptors, ${JSON.stringify(resources)}, ${(rss / 1_048_576).toFixed(0)} MiB`;
}

function minutes(ms: number): string {
  return `${(ms / 60_000).toFixed(1)} min`;
}
