import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { EmbeddedRedis } from '#src/clients/embeddedRedis.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { blackHole } from '../support/blackHole.js';
import { eventually } from '../support/eventually.js';
import { redisProgram } from '../support/redisProgram.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const SIGHUP_BIT = 1n;

async function shutDown(socketPath: string): Promise<void> {
  const client = new Redis({ path: socketPath, protocol: 2, retryStrategy: () => null });
  // Its answer is the end of the connection.
  await client.shutdown('NOSAVE').catch(() => undefined);
  client.disconnect();
}

describe('signals', () => {
  let folder: string;
  let dataDir: string;
  let scheduler: Scheduler | undefined;
  const closing: (() => unknown)[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sig-'));
    dataDir = join(folder, 'data');
  });
  afterEach(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    scheduler = undefined;
    for (const close of closing.splice(0)) await close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (redis: object, env: NodeJS.ProcessEnv = {}, words?: readonly string[]): Promise<Scheduler> => {
    const config = { uuid: US, redis, publicIp: { override: '127.0.0.1' } };
    return (scheduler = await Scheduler.start(config, env, words));
  };
  const embedded = () => ({ url: 'embedded', dataDir });
  /** A port that swallows every SYN, so that Redis is awaited. */
  const awaited = async (): Promise<object> => {
    const hole = await blackHole();
    closing.push(() => {
      hole.close();
    });
    return { url: `redis://127.0.0.1:${hole.port}` };
  };
  /** Resolves once SIGHUP is heeded, which is the last that the first line of the program sees to. */
  const heeding = (running: Scheduler): Promise<void> =>
    eventually(async () => {
      const status = await readFile(`/proc/${running.pid}/status`, 'utf8');
      const caught = BigInt(`0x${/SigCgt:\s*(\w+)/.exec(status)?.[1] ?? '0'}`);
      expect(caught & SIGHUP_BIT).to.equal(SIGHUP_BIT);
    });
  /** An embedded server that is busy reading its data for as long as anybody waits. */
  const slowToLoad = async (): Promise<NodeJS.ProcessEnv> => {
    const redis = await EmbeddedRedis.start(dataDir);
    const client = new Redis({ path: redis.socketPath, protocol: 2 });
    for (let i = 0; i < 100; i += 1) await client.set(`key ${i}`, 'x');
    client.disconnect();
    await redis.stop();
    return { REDIS_SERVER: await redisProgram(folder, 'exec "$REDIS" "$@" --key-load-delay 1000000') };
  };

  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    it(`${name} is heeded from the first line on, and ends it with 0`, async function () {
      if (!existsSync('/proc/self/status')) skipBecause(this, 'there is no /proc to see which signals are heeded in');
      const running = await start(await awaited());
      await heeding(running);
      running.signal(name);
      expect(await running.ended()).to.equal(0);
    });

    it(`${name} while Redis is awaited ends it with 0`, async () => {
      const running = await start(await awaited());
      await running.logged(({ event }) => event === 'process.started');
      running.signal(name);
      expect(await running.ended()).to.equal(0);
      expect(running.lines.at(-1)?.message).to.equal('stopped');
    });

    it(`${name} while the embedded server loads its data ends both, with 0`, async () => {
      const running = await start(embedded(), await slowToLoad());
      await running.logged(({ event }) => event === 'process.started');
      await eventually(() => {
        expect(existsSync(join(dataDir, 'redis.sock'))).to.equal(true);
      });
      running.signal(name);
      expect(await running.ended()).to.equal(0);
      expect(existsSync(join(dataDir, 'lock')), 'it has let go of the folder').to.equal(false);
    });
  }

  it('SIGHUP is harmless from the first line on, and while Redis is awaited', async function () {
    if (!existsSync('/proc/self/status')) skipBecause(this, 'there is no /proc to see which signals are heeded in');
    const running = await start(await awaited());
    await heeding(running);
    running.signal('SIGHUP');
    await running.logged(({ event }) => event === 'process.started');
    running.signal('SIGHUP');
    await running.logged(({ event }) => event === 'redis.down');
    expect(await running.stop()).to.equal(0);
  });

  it('SIGHUP while Redis is awaited has the configuration read again as soon as it is followed', async () => {
    const redis = await awaited();
    const running = await start(redis);
    await running.logged(({ event }) => event === 'process.started');
    await running.reconfigure({ uuid: US, redis, publicIp: { override: '127.0.0.1' }, log: { level: 'debug' } });
    running.signal('SIGHUP');
    const { message } = await running.logged(({ event }) => event === 'config.reloaded');
    expect(message).to.include('log.level');
  });

  describe('the second one ends it at once, with 130', () => {
    it('during the last flush, Redis being frozen', async () => {
      const server = await RedisServer.start();
      closing.push(() => server.stop());
      const running = await start({ url: server.url });
      await running.logged(({ event }) => event === 'round.finished');
      server.freeze();
      running.signal('SIGTERM');
      await running.logged(({ event }) => event === 'process.stopping');
      running.signal('SIGTERM');
      expect(await running.ended()).to.equal(130);
    });

    it('while the embedded server takes its time to end', async () => {
      const asked = join(folder, 'asked');
      const pid = join(folder, 'pid');
      const script = `echo $$ > ${pid}\ntrap 'touch ${asked}' TERM\n"$REDIS" "$@" &\nwhile :; do wait; sleep 0.01; done`;
      const running = await start(embedded(), { REDIS_SERVER: await redisProgram(folder, script) });
      // Neither the script nor its server ends by itself.
      closing.push(async () => {
        process.kill(Number(await readFile(pid, 'utf8')), 'SIGKILL');
        await shutDown(join(dataDir, 'redis.sock'));
      });
      await running.logged(({ event }) => event === 'round.finished');
      running.signal('SIGTERM');
      await eventually(() => {
        expect(existsSync(asked)).to.equal(true);
      });
      running.signal('SIGINT');
      expect(await running.ended()).to.equal(130);
    });

    it('while the embedded server loads its data', async () => {
      const pid = join(folder, 'pid');
      const script = `echo $$ > ${pid}\ntrap "" TERM\nexec "$REDIS" "$@" --key-load-delay 1000000`;
      await slowToLoad();
      closing.push(async () => process.kill(Number(await readFile(pid, 'utf8')), 'SIGKILL'));
      const running = await start(embedded(), { REDIS_SERVER: await redisProgram(folder, script) });
      await running.logged(({ event }) => event === 'process.started');
      await eventually(() => {
        expect(existsSync(join(dataDir, 'redis.sock'))).to.equal(true);
      });
      running.signal('SIGTERM');
      running.signal('SIGINT');
      expect(await running.ended()).to.equal(130);
    });
  });

  describe('end a command as they end any other program', () => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      it(`${name}, also before it has begun`, async function () {
        if (!existsSync('/proc/self/status')) skipBecause(this, 'there is no /proc to see which signals are heeded in');
        const running = await start(await awaited(), {}, ['peers', 'list']);
        await heeding(running);
        running.signal(name);
        expect(await running.ended(), 'killed').to.equal(-1);
      });
    }
  });
});
