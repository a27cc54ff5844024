import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { firstValueFrom, type Subscription } from 'rxjs';
import { EmbeddedRedisError, embeddedSocket } from '#src/clients/embeddedFolder.js';
import { EmbeddedRedis } from '#src/clients/embeddedRedis.js';
import { isListening } from '#src/clients/folderLock.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { eventually } from '../support/eventually.js';
import { redisProgram } from '../support/redisProgram.js';

describe('EmbeddedRedis', () => {
  let folder: string;
  let dataDir: string;
  const running: EmbeddedRedis[] = [];
  const owners: ChildProcess[] = [];
  const clients: Redis[] = [];
  const subscriptions: Subscription[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'emb-'));
    dataDir = join(folder, 'data');
  });

  afterEach(async () => {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
    for (const client of clients.splice(0)) client.disconnect();
    for (const owner of owners.splice(0)) owner.kill('SIGKILL');
    await Promise.all(running.splice(0).map((redis) => redis.stop()));
    await gone(dataDir);
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (env?: NodeJS.ProcessEnv): Promise<EmbeddedRedis> => {
    const redis = await EmbeddedRedis.start(dataDir, env === undefined ? {} : { env });
    running.push(redis);
    return redis;
  };
  const stop = async (redis: EmbeddedRedis): Promise<void> => {
    running.splice(running.indexOf(redis), 1);
    await redis.stop();
  };
  const client = (): Redis => {
    const redis = new Redis({
      path: embeddedSocket(dataDir),
      protocol: 2,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
    });
    redis.on('error', () => undefined);
    clients.push(redis);
    return redis;
  };
  const serverPid = async (): Promise<number> => Number(/process_id:(\d+)/.exec(await client().info('server'))?.[1]);
  const failure = async (env?: NodeJS.ProcessEnv): Promise<string> => {
    const error: unknown = await start(env).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(EmbeddedRedisError);
    return (error as Error).message;
  };
  /** Another process that owns the folder. */
  const startOwner = async (): Promise<ChildProcess> => {
    const script = `
      import { EmbeddedRedis } from ${JSON.stringify(import.meta.resolve('#src/clients/embeddedRedis.js'))};
      process.on('SIGINT', () => process.stdout.write('interrupted '));
      await EmbeddedRedis.start(${JSON.stringify(dataDir)});
      process.stdout.write('started ');`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    owners.push(owner);
    await heard(owner, 'started');
    return owner;
  };

  it('makes its folder for us alone, and answers on a socket in it', async () => {
    const { socketPath } = await start();
    expect(socketPath).to.equal(embeddedSocket(dataDir));
    expect((await stat(dataDir)).mode & 0o777).to.equal(0o700);
    expect((await stat(socketPath)).mode & 0o777).to.equal(0o700);
    expect(await client().ping()).to.equal('PONG');
  });

  it('keeps its data over a restart, and leaves nothing else behind', async () => {
    const first = await start();
    await client().set('a', '1');
    await stop(first);
    expect(await readdir(dataDir)).to.deep.equal(['appendonlydir']);
    await start();
    expect(await client().get('a')).to.equal('1');
  });

  it('ends with us, even where we are killed; whoever comes next waits for that', async () => {
    const owner = await startOwner();
    const pid = await serverPid();
    await client().set('a', '1');
    owner.kill('SIGKILL');
    await start();
    while (isAlive(pid)) await delay(5);
    expect(await client().get('a')).to.equal('1');
  });

  it('does not hear the Ctrl-C that we hear', async () => {
    const owner = await startOwner();
    const pid = await serverPid();
    const interrupted = heard(owner, 'interrupted');
    process.kill(-(owner.pid ?? NaN), 'SIGINT');
    await interrupted;
    expect(isAlive(pid)).to.equal(true);
    expect(await client().ping()).to.equal('PONG');
  });

  it('is started again where it dies, and that is told', async () => {
    const redis = await start();
    const pid = await serverPid();
    const events: SchedulerEvent[] = [];
    subscriptions.push(redis.supervise(() => 7).subscribe({ next: (event) => events.push(event), error: fail }));
    await client().set('a', '1');
    process.kill(pid, 'SIGKILL');
    while ((await serverPid()) === pid) await delay(5);
    expect(await client().get('a')).to.equal('1');
    expect(events).to.have.length(1);
    expect(events[0]).to.deep.include({ kind: 'embedded.ended', at: 7, retryInMs: 1_000 });
    expect((events[0] as { reason: string }).reason).to.match(/^it ended with SIGKILL/);
  });

  it('pauses longer and longer while it goes on dying, and tells each reason once, in the words of Redis', async () => {
    const starts = join(folder, 'starts');
    // As it would where the disk has filled up meanwhile.
    const script = `date +%s%N >>${starts}
[ "$(wc -l <${starts})" = 1 ] && exec "$REDIS" "$@"
echo "1:M 01 Jan 2026 00:00:00.000 # Can't open the append-only file: No space left on device"
exit 1`;
    const redis = await start({ ...process.env, REDIS_SERVER: await redisProgram(folder, script) });
    const pid = await serverPid();
    const events: EventOf<'embedded.ended'>[] = [];
    const pauses = { firstMs: 50, longestMs: 400, steadyMs: 60_000 };
    subscriptions.push(
      redis.supervise(Date.now, pauses).subscribe({
        next: (event) => {
          if (event.kind === 'embedded.ended') events.push(event);
        },
        error: fail,
      }),
    );
    process.kill(pid, 'SIGKILL');
    const startedAt = async () =>
      (await readFile(starts, 'utf8'))
        .trim()
        .split('\n')
        .map((at) => Number(at) / 1e6);
    await eventually(async () => {
      expect(await startedAt()).to.have.length(7);
    });
    expect(events.map(({ reason, retryInMs }) => [reason, retryInMs])).to.deep.equal([
      ['it ended with SIGKILL', 50],
      ["it ended with code 1: Can't open the append-only file: No space left on device", 100],
    ]);
    const gaps = (await startedAt())
      .slice(2)
      .map((at, i, all) => at - (all[i - 1] ?? NaN))
      .slice(1);
    for (const [i, leastMs] of [200, 400, 400, 400].entries()) expect(gaps[i]).to.be.at.least(leastMs);
  });

  it('after a long run the first pause is the first again, and the same reason is told anew', async () => {
    const redis = await start();
    const events: SchedulerEvent[] = [];
    const pauses = { firstMs: 20, longestMs: 400, steadyMs: 0 };
    subscriptions.push(
      redis.supervise(Date.now, pauses).subscribe({ next: (event) => events.push(event), error: fail }),
    );
    for (let i = 1; i <= 3; i += 1) {
      const pid = await serverPid();
      process.kill(pid, 'SIGKILL');
      await eventually(() => {
        expect(events).to.have.length(i);
      });
      while ((await serverPid()) === pid) await delay(5);
    }
    expect(events.map((event) => (event as EventOf<'embedded.ended'>).retryInMs)).to.deep.equal([20, 20, 20]);
  });

  it('knows nothing of our environment but where programs and libraries are, and needs no locale', async () => {
    const seen = join(folder, 'environment');
    const program = await redisProgram(folder, `env >${seen}; exec "$REDIS" "$@"`);
    const locale = { LC_ALL: 'xx_XX.UTF-8', LANG: 'xx_XX.UTF-8' };
    await start({ ...process.env, ...locale, REDIS_SERVER: program, REDIS_URL: 'redis://:planted@host' });
    const environment = await readFile(seen, 'utf8');
    expect(environment.split('\n'))
      .to.include('LC_ALL=C')
      .and.include(`PATH=${process.env.PATH ?? ''}`);
    expect(environment).to.not.match(/planted|xx_XX|HOME/);
  });

  it('gives up its start when it is told to, and leaves nothing open', async () => {
    const stop = new AbortController();
    // It never answers.
    const program = await redisProgram(folder, 'exec sleep 1000');
    const starting = EmbeddedRedis.start(dataDir, {
      env: { ...process.env, REDIS_SERVER: program },
      stop: stop.signal,
    });
    await eventually(async () => {
      expect(await isListening(join(dataDir, 'lock'))).to.equal(true);
    });
    stop.abort('enough');
    expect(await starting.catch((reason: unknown) => reason)).to.equal('enough');
    expect(await readdir(dataDir)).to.deep.equal([]);
  });

  it('completes, and starts nothing more, once it was stopped', async () => {
    const redis = await start();
    const events: SchedulerEvent[] = [];
    const completed = new Promise<void>((complete) => {
      subscriptions.push(
        redis.supervise(Date.now).subscribe({ next: (event) => events.push(event), error: fail, complete }),
      );
    });
    await stop(redis);
    await completed;
    expect(events).to.be.empty;
  });

  it('stops while it waits to be started again', async () => {
    const redis = await start();
    const told = firstValueFrom(redis.supervise(Date.now), { defaultValue: undefined });
    process.kill(await serverPid(), 'SIGKILL');
    await told;
    await stop(redis);
    expect(await isListening(redis.socketPath)).to.equal(false);
  });

  it('does not share its folder', async () => {
    const started = await Promise.allSettled([start(), start(), start()]);
    const refused = started.filter((one) => one.status === 'rejected').map((one) => (one.reason as Error).message);
    expect(refused).to.deep.equal(Array(2).fill(`redis.dataDir: ${dataDir} is in use by another scheduler`));
  });

  describe('says why it can’t start', () => {
    it('there is no redis-server', async () => {
      expect(await failure({ PATH: '/nowhere' })).to.match(/no redis-server on the PATH.*\$REDIS_SERVER/);
      const message = await failure({ REDIS_SERVER: '/nowhere/redis', PATH: process.env.PATH });
      expect(message).to.include('$REDIS_SERVER names /nowhere/redis');
    });

    it('the path is too long for a socket', async () => {
      dataDir = join(dataDir, 'x'.repeat(100));
      expect(await failure()).to.match(/is too long a path/);
    });

    it('the folder can’t be made', async () => {
      await mkdir(dataDir);
      await writeFile(join(dataDir, 'file'), '');
      dataDir = join(dataDir, 'file');
      expect(await failure()).to.include(`${dataDir} can't be used`);
    });

    it('the program does not know what it is asked', async () => {
      await mkdir(dataDir);
      const program = join(dataDir, 'fake-server');
      await writeFile(program, '#!/bin/sh\necho "1:M 01 Jan 2026 00:00:00.000 # no such option"\nexit 1\n');
      await chmod(program, 0o700);
      expect(await failure({ REDIS_SERVER: program })).to.match(/fake-server did not start in .*: no such option$/);
      await writeFile(program, '#!/bin/sh\nexit 1\n');
      expect(await failure({ REDIS_SERVER: program })).to.match(/: it said nothing$/);
    });

    it('its data is damaged', async () => {
      const redis = await start();
      await client().set('a', '1');
      await stop(redis);
      const logs = join(dataDir, 'appendonlydir');
      for (const name of await readdir(logs)) {
        if (name.endsWith('.incr.aof')) await writeFile(join(logs, name), 'this is no command');
      }
      expect(await failure()).to.match(/Bad file format reading the append only file/);
    });
  });
});

function fail(error: unknown): never {
  throw error;
}

async function heard(child: ChildProcess, word: string): Promise<void> {
  let said = '';
  while (!said.includes(word)) {
    const [text] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    said += text.toString();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves once nobody serves the folder any more. */
async function gone(dataDir: string): Promise<void> {
  while (await isListening(embeddedSocket(dataDir))) await delay(5);
}
