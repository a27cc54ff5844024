import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../eventually.js';
import { keys } from '../registry.js';
import { unsafeLines } from './words.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const REASON =
  /^(timeout|refused|reset|unreachable|http-\d{3}|redirect|too-large|identity-mismatch|address-denied|address-invalid|tls|malformed|aborted|other)$/;

function settings(server: RedisServer): object {
  return {
    uuid: US,
    redis: { url: server.url },
    sync: { interval: '150ms', timeout: '500ms', suspectInterval: '100ms', unavailable: { interval: '150ms' } },
    publicIp: { override: '127.0.0.1' },
    announce: { timeout: '500ms', retry: { initial: '50ms', max: '200ms' } },
    network: { allow: ['loopback'] },
    log: { level: 'debug' },
  };
}

interface Shared {
  readonly server: RedisServer;
  readonly redis: Redis;
}

/** All that the daemon prints in a few rounds over the registry as it is. */
async function printed({ server, redis }: Shared, format: 'json' | 'pretty'): Promise<string> {
  const running = await Scheduler.start(settings(server), { CONSUMER_SCHEDULER__LOG__FORMAT: format });
  try {
    await running.logged(({ message }) => message.includes('round 3: '));
    await eventually(() => expectReasons(redis));
    expect(await running.stop()).to.equal(0);
  } finally {
    await running.kill();
    await running.clear();
  }
  return running.output;
}

/** All that a command prints. */
async function said(server: RedisServer, words: readonly string[]): Promise<string> {
  const child = await Scheduler.start(settings(server), {}, words);
  expect(await child.ended()).to.equal(0);
  await child.clear();
  return child.output;
}

/** The specs of whatever strangers have put into the registry, or answer. */
export function describeOutput(shared: Shared): void {
  it('each line of the log is one short line of JSON, and the reasons stored are those of the contract', async () => {
    const output = await printed(shared, 'json');
    expect(unsafeLines(output)).to.deep.equal([]);
    for (const line of output.trimEnd().split('\n')) {
      expect(JSON.parse(line)).to.include.keys('level', 'message', 'timestamp').and.not.include({ level: 'forged' });
    }
  });

  it('each line of the pretty log is a short line of ours', async () => {
    const output = await printed(shared, 'pretty');
    expect(unsafeLines(output)).to.deep.equal([]);
    for (const line of output.trimEnd().split('\n')) expect(line).to.match(/^(?!00:00:00)\d\d:\d\d:\d\d [✖▲●·] /);
  });

  for (const words of [['sync'], ['peers', 'list'], ['peers', 'list', '--json']]) {
    it(`${words.join(' ')} prints nothing that could steer a terminal`, async () => {
      // As JSON what is stored is told in full.
      expect(unsafeLines(await said(shared.server, words), words.includes('--json') ? Infinity : 1_000)).to.deep.equal(
        [],
      );
    });
  }
}

async function expectReasons(redis: Redis): Promise<void> {
  for (const prefix of [keys.consumerPrefix, keys.producerPrefix]) {
    for (const key of await redis.keys(`${prefix}*`)) {
      const error = await redis.hget(key, 'error');
      if (error !== null) expect(error, JSON.stringify(key.slice(0, 100))).to.match(REASON);
    }
  }
}
