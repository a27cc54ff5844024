import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defer, EMPTY, filter, from, mergeMap, of, repeat, timer, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { startBound, type BoundChild } from './boundChild.js';
import { claimFolder, EmbeddedRedisError, embeddedSocket } from './embeddedFolder.js';
import { findRedisServer } from './findRedisServer.js';
import { isServed } from './folderLock.js';
import { pingSocket } from './pingSocket.js';

/** How long a server may say nothing at its start, and take to end after SIGTERM. */
const PATIENCE_MS = 10_000;
/** How long it may take to end where its start is given up. */
const GIVE_UP_MS = 500;
const LOOK_MS = 50;
/** What of our environment the server gets: where its libraries are, and the time zone of its words. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'TZ'];

/** Before the server is started again: the first pause, the longest, and the run after which it is the first again. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly steadyMs: number;
}
const PAUSES: Pauses = { firstMs: 1_000, longestMs: 30_000, steadyMs: 60_000 };

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Gives up the start. */
  readonly stop?: AbortSignal | undefined;
}

/** A private redis-server, append-only file on, that ends with this process however that ends. */
export class EmbeddedRedis {
  readonly socketPath: string;
  #server: BoundChild;
  #startedAt = 0;
  #stopping = false;

  private constructor(
    private readonly program: string,
    private readonly dataDir: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly unlock: () => void,
  ) {
    this.socketPath = embeddedSocket(dataDir);
    this.#server = this.#launch();
  }

  /**
   * Resolves once the server has its data and answers. Throws an `EmbeddedRedisError` where there is no such program,
   * the folder is in use or can't be, or the server won't start; and `stop`'s reason once that fires, nothing left
   * open.
   */
  static async start(dataDir: string, { env = process.env, stop }: StartOptions = {}): Promise<EmbeddedRedis> {
    stop?.throwIfAborted();
    const program = programOf(env);
    const folder = resolve(dataDir);
    const unlock = await claimFolder(folder, stop);
    const redis = new EmbeddedRedis(program, folder, env, unlock);
    if (await answers(redis.#server, redis.socketPath, stop)) return redis;
    // One that loads its data hears of nothing before the end of that, and has nothing new to write.
    await redis.stop(stop?.aborted === true ? GIVE_UP_MS : PATIENCE_MS);
    stop?.throwIfAborted();
    const last = redis.#server.lastWords();
    throw new EmbeddedRedisError(`the embedded ${program} did not start in ${folder}: ${last || 'it said nothing'}`);
  }

  /**
   * Starts the server again whenever it dies, after a pause that grows while it goes on dying, and tells each reason
   * once; for as long as it is subscribed, or until `stop`.
   */
  supervise(wall: () => number, { firstMs, longestMs, steadyMs }: Pauses = PAUSES): Observable<SchedulerEvent> {
    return defer(() => {
      let pauseMs = 0;
      let reported = '';
      return defer(() => from(this.#server.ended)).pipe(
        filter(() => !this.#stopping),
        mergeMap((how): Observable<SchedulerEvent> => {
          const steady = performance.now() - this.#startedAt >= steadyMs;
          pauseMs = steady || pauseMs === 0 ? firstMs : Math.min(pauseMs * 2, longestMs);
          const last = this.#server.lastWords();
          const reason = last === '' ? how : `${how}: ${last}`;
          if (reason === reported && !steady) return EMPTY;
          reported = reason;
          return of({ kind: 'embedded.ended', at: wall(), reason, retryInMs: pauseMs });
        }),
        repeat({
          delay: () => (this.#stopping ? EMPTY : timer(pauseMs).pipe(mergeMap(() => this.#relaunch()))),
        }),
      );
    });
  }

  /** Ends the server, its data written, and lets go of the folder. */
  async stop(patienceMs = PATIENCE_MS): Promise<void> {
    this.#stopping = true;
    await this.#server.stop(patienceMs);
    this.unlock();
  }

  #launch(): BoundChild {
    const settings = {
      port: '0',
      unixsocket: this.socketPath,
      unixsocketperm: '700',
      dir: this.dataDir,
      appendonly: 'yes',
      appendfsync: 'everysec',
      save: '',
      daemonize: 'no',
      loglevel: 'warning',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    this.#startedAt = performance.now();
    // Newer servers end where a locale is wanted that is not installed.
    const passedOn = Object.entries(this.env).filter(([name]) => PASSED_ON.includes(name));
    return startBound(this.program, args, { ...Object.fromEntries(passedOn), LC_ALL: 'C' });
  }

  /** Where only its supervisor was killed the server itself may take a moment more. */
  async #relaunch(): Promise<void> {
    while (!this.#stopping && (await isServed(this.socketPath))) await delay(LOOK_MS);
    if (!this.#stopping) this.#server = this.#launch();
  }
}

function programOf(env: NodeJS.ProcessEnv): string {
  const program = findRedisServer(env);
  if (program !== undefined) return program;
  const named = env.REDIS_SERVER ?? '';
  throw new EmbeddedRedisError(
    named === ''
      ? 'redis.url is "embedded", but there is no redis-server on the PATH: install Redis (the package is redis-server or redis), or name the program in $REDIS_SERVER'
      : `redis.url is "embedded", but $REDIS_SERVER names ${named}, which is no program that can be run`,
  );
}

/** Whether the server comes to answer. It listens before it reads its data, and says so for as long as that takes. */
async function answers(server: BoundChild, socketPath: string, stop?: AbortSignal): Promise<boolean> {
  const over = server.ended.then(() => undefined);
  for (let quietMs = 0; quietMs < PATIENCE_MS && stop?.aborted !== true; quietMs += LOOK_MS) {
    const answer = await Promise.race([pingSocket(socketPath), over]);
    if (answer === undefined) return false;
    if (answer === '+PONG') return true;
    if (answer.startsWith('-LOADING')) quietMs = 0;
    await delay(LOOK_MS);
  }
  return false;
}
