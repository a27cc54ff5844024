import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defer, EMPTY, filter, from, mergeMap, of, repeat, timer, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { startBound, type BoundChild } from './boundChild.js';
import { claimFolder, EmbeddedRedisError, embeddedSocket } from './embeddedFolder.js';
import { findRedisServer } from './findRedisServer.js';
import { isListening } from './folderLock.js';
import { pingSocket } from './pingSocket.js';

/** The longest silence of a server at its start, and its longest time to end after SIGTERM. */
const STOP_TIMEOUT_MS = 10_000;
/** Time to end for a server whose start is cancelled. */
const CANCEL_TIMEOUT_MS = 500;
const POLL_MS = 50;
/** The only environment variables that the server gets: its libraries, and the time zone of its messages. */
const PASSED_ENV = ['PATH', 'LD_LIBRARY_PATH', 'TZ'];

/** Pauses before a restart: the first, the longest, and the run time after which the next pause is the first again. */
export interface RestartPauses {
  readonly firstMs: number;
  readonly longestMs: number;
  readonly steadyMs: number;
}
const RESTART_PAUSES: RestartPauses = { firstMs: 1_000, longestMs: 30_000, steadyMs: 60_000 };

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Cancels the start. */
  readonly stop?: AbortSignal | undefined;
}

/** A private redis-server with an append-only file. It ends with this process, in whatever way this process ends. */
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
   * Resolves once the server has loaded its data and answers. Rejects with an `EmbeddedRedisError` if the program is
   * missing, the folder is in use or unusable, or the server does not start; and with the reason of `stop` once it
   * fires, with nothing left open.
   */
  static async start(dataDir: string, { env = process.env, stop }: StartOptions = {}): Promise<EmbeddedRedis> {
    stop?.throwIfAborted();
    const program = programOf(env);
    const folder = resolve(dataDir);
    const unlock = await claimFolder(folder, stop);
    const redis = new EmbeddedRedis(program, folder, env, unlock);
    if (await answers(redis.#server, redis.socketPath, stop)) return redis;
    // A server that loads its data ignores signals until it has finished, and it has no new data to write.
    await redis.stop(stop?.aborted === true ? CANCEL_TIMEOUT_MS : STOP_TIMEOUT_MS);
    stop?.throwIfAborted();
    const last = redis.#server.lastOutput();
    throw new EmbeddedRedisError(`the embedded ${program} did not start in ${folder}: ${last || 'it said nothing'}`);
  }

  /**
   * Restarts the server whenever it dies, after a pause that grows while it keeps dying, and reports each reason
   * once. Runs while subscribed, or until `stop`.
   */
  supervise(
    wall: () => number,
    { firstMs, longestMs, steadyMs }: RestartPauses = RESTART_PAUSES,
  ): Observable<SchedulerEvent> {
    return defer(() => {
      let pauseMs = 0;
      let reported = '';
      return defer(() => from(this.#server.ended)).pipe(
        filter(() => !this.#stopping),
        mergeMap((how): Observable<SchedulerEvent> => {
          const steady = performance.now() - this.#startedAt >= steadyMs;
          pauseMs = steady || pauseMs === 0 ? firstMs : Math.min(pauseMs * 2, longestMs);
          const last = this.#server.lastOutput();
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

  /** Ends the server after it has written its data, and unlocks the folder. */
  async stop(graceMs = STOP_TIMEOUT_MS): Promise<void> {
    this.#stopping = true;
    await this.#server.stop(graceMs);
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
    // Newer servers exit if the environment requests a locale that is not installed.
    const passedEnv = Object.entries(this.env).filter(([name]) => PASSED_ENV.includes(name));
    return startBound(this.program, args, { ...Object.fromEntries(passedEnv), LC_ALL: 'C' });
  }

  /** If only the supervisor was killed, the server itself may need a moment to end. */
  async #relaunch(): Promise<void> {
    while (!this.#stopping && (await isListening(this.socketPath))) await delay(POLL_MS);
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

/** Whether the server becomes ready. It listens before it has read its data, and answers LOADING until then. */
async function answers(server: BoundChild, socketPath: string, stop?: AbortSignal): Promise<boolean> {
  const over = server.ended.then(() => undefined);
  for (let quietMs = 0; quietMs < STOP_TIMEOUT_MS && stop?.aborted !== true; quietMs += POLL_MS) {
    const answer = await Promise.race([pingSocket(socketPath), over]);
    if (answer === undefined) return false;
    if (answer === '+PONG') return true;
    if (answer.startsWith('-LOADING')) quietMs = 0;
    await delay(POLL_MS);
  }
  return false;
}
