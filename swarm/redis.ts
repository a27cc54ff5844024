import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findRedisServer } from '#src/clients/findRedisServer.js';

export interface RedisServerOptions {
  /** Further settings, such as `['--requirepass', 'x']`. */
  readonly args?: readonly string[];
  /** Lines of a configuration file, which a sentinel has to have. */
  readonly config?: readonly string[];
  /** The program, where it is not redis-server. */
  readonly program?: string;
}

const LOOK_MS = 20;
const PATIENCE_MS = 10_000;

/** A private redis-server on a unix socket in a folder of its own, to be stopped, frozen, killed and started again. */
export class RedisServer {
  #process: ChildProcess | undefined;
  readonly #clients: Redis[] = [];

  private constructor(
    readonly folder: string,
    private readonly options: RedisServerOptions,
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await mkdtemp(join(tmpdir(), 'redis-')), options);
    if (options.config !== undefined) await writeFile(server.#file, `${options.config.join('\n')}\n`);
    await server.launch();
    return server;
  }

  get socketPath(): string {
    return join(this.folder, 'redis.sock');
  }

  get url(): string {
    return `unix://${this.socketPath}`;
  }

  get #file(): string {
    return join(this.folder, 'redis.conf');
  }

  /** Starts it; its data is there again where it was saved. */
  async launch(): Promise<void> {
    const program = this.options.program ?? findRedisServer(process.env);
    if (program === undefined) throw new Error('no redis-server: install Redis, or name it in $REDIS_SERVER');
    const file = this.options.config === undefined ? [] : [this.#file];
    const own = ['--port', '0', '--unixsocket', this.socketPath, '--dir', this.folder, '--save', ''];
    this.#process = spawn(program, [...file, ...own, ...(this.options.args ?? [])], { stdio: 'ignore' });
    const probe = this.#open();
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
      const answer = await probe.ping().catch((error: unknown) => String(error));
      if (answer === 'PONG' || answer.includes('NOAUTH')) {
        probe.disconnect();
        return;
      }
      await delay(LOOK_MS);
    }
    throw new Error(`redis-server did not start in ${this.folder}`);
  }

  /** A client that is closed with the server. */
  client(): Redis {
    const client = this.#open();
    this.#clients.push(client);
    return client;
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it at once; what was not yet on disk is lost. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends it and takes its folder away. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    this.thaw();
    await this.#end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  #open(): Redis {
    const client = new Redis({
      path: this.socketPath,
      protocol: 2,
      retryStrategy: () => LOOK_MS,
      // It would believe a server that says how long it is going to load.
      maxLoadingRetryTime: LOOK_MS,
    });
    client.on('error', () => undefined);
    return client;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  }
}
