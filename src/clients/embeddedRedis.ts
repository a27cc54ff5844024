import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { defer, from, ignoreElements, mergeMap, of, repeat, concat, timer, type Observable } from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import { findRedisServer } from './findRedisServer.js';
import { isServed, takeLock } from './folderLock.js';

/** The embedded server could not be started; the message says why and what to do. */
export class EmbeddedRedisError extends Error {
  override readonly name = 'EmbeddedRedisError';
}

/** A unix socket's path has 104 bytes on macOS and 108 on Linux, the closing zero included. */
const LONGEST_PATH = 103;
/** How long the server of a scheduler that was killed may take to end. */
const HANDOVER_MS = 5_000;
/** How long a server may take to open its socket, and to end when told to. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 50;
const RESTART_MS = 1_000;

/**
 * Ends the server when our end of descriptor 3 closes, which the kernel sees to even where we are killed. The program
 * and its arguments come as parameters, so nothing needs quoting.
 */
const SUPERVISOR = `
"$@" 3<&- </dev/null &
server=$!
{ cat >/dev/null <&3; kill -TERM $server; } 2>/dev/null &
wait $server
`;

/** The socket of the server that keeps its data in this folder. */
export function embeddedSocket(dataDir: string): string {
  return join(resolve(dataDir), 'redis.sock');
}

/** A private redis-server, append-only file on, that ends with this process however that ends. */
export class EmbeddedRedis {
  readonly socketPath: string;
  #server: ChildProcess;
  #stopping = false;

  private constructor(
    private readonly program: string,
    private readonly dataDir: string,
    private readonly unlock: () => void,
  ) {
    this.socketPath = embeddedSocket(dataDir);
    this.#server = this.#launch();
  }

  /** Throws an `EmbeddedRedisError` where there is no such program, the folder is in use, or the server won't start. */
  static async start(dataDir: string, env: NodeJS.ProcessEnv = process.env): Promise<EmbeddedRedis> {
    const program = findRedisServer(env);
    if (program === undefined) {
      throw new EmbeddedRedisError(
        'redis.url is "embedded", but no redis-server was found: install Redis, or name the program in $REDIS_SERVER',
      );
    }
    const folder = resolve(dataDir);
    const socketPath = embeddedSocket(folder);
    if (Buffer.byteLength(socketPath) > LONGEST_PATH) {
      throw new EmbeddedRedisError(`redis.dataDir is too long a path for a unix socket: ${socketPath}`);
    }
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new EmbeddedRedisError(`redis.dataDir could not be made: ${(error as Error).message}`);
    });
    const unlock = await claim(folder, socketPath);
    const server = new EmbeddedRedis(program, folder, unlock);
    await server.#opened().catch((error: unknown) => {
      unlock();
      throw error;
    });
    return server;
  }

  /** Starts the server again whenever it dies, and tells of it; for as long as it is subscribed. */
  supervise(wall: () => number): Observable<SchedulerEvent> {
    const death$ = defer(() => from(this.#ended()));
    return death$.pipe(
      mergeMap((reason) => {
        const event: SchedulerEvent = { kind: 'redis.failed', at: wall(), what: 'keeping the embedded Redis', reason };
        const relaunch$ = timer(RESTART_MS).pipe(
          mergeMap(() => {
            if (!this.#stopping) this.#server = this.#launch();
            return of(undefined);
          }),
          ignoreElements(),
        );
        return concat(of(event), relaunch$);
      }),
      repeat(),
    );
  }

  /** Ends the server, its data written, and lets go of the folder. */
  async stop(): Promise<void> {
    this.#stopping = true;
    (this.#server.stdio[3] as Writable).destroy();
    const bound = setTimeout(() => this.#server.kill('SIGKILL'), PATIENCE_MS);
    await this.#ended();
    clearTimeout(bound);
    this.unlock();
  }

  #launch(): ChildProcess {
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
    const server = spawn('/bin/sh', ['-c', SUPERVISOR, 'redis-supervisor', this.program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      // A Ctrl-C at the terminal is for us: we still have to write what is in flight.
      detached: true,
    });
    // Once the server has ended by itself nobody is left to be told to end it.
    server.once('exit', () => (server.stdio[3] as Writable).destroy());
    for (const pipe of [server.stdout, server.stdio[3]]) pipe?.on('error', () => undefined);
    return server;
  }

  /** Resolves when the server takes connections. */
  async #opened(): Promise<void> {
    let said = '';
    this.#server.stdout?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
      if (await isServed(this.socketPath)) return;
      if (this.#server.exitCode !== null) break;
      await delay(LOOK_MS);
    }
    await this.stop();
    const last = said.trim().split('\n').slice(-3).join(' | ');
    throw new EmbeddedRedisError(
      `the embedded redis-server did not start in ${this.dataDir}: ${last || 'it said nothing'}`,
    );
  }

  async #ended(): Promise<string> {
    const server = this.#server;
    if (server.exitCode === null && server.signalCode === null) {
      await new Promise((done) => server.once('exit', done));
    }
    return `it ended with ${server.signalCode ?? `code ${String(server.exitCode)}`}`;
  }
}

/** Takes the folder for us alone. A scheduler that was killed leaves its server a moment to end. */
async function claim(folder: string, socketPath: string): Promise<() => void> {
  const lock = join(folder, 'lock');
  for (let waitedMs = 0; waitedMs < HANDOVER_MS; waitedMs += LOOK_MS) {
    const unlock = (await isServed(socketPath)) ? undefined : await takeLock(lock);
    if (unlock !== undefined) return unlock;
    await delay(LOOK_MS);
  }
  throw new EmbeddedRedisError(`redis.dataDir ${folder} is in use by another scheduler`);
}
