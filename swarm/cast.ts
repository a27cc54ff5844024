import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedRedis } from '#src/clients/embeddedRedis.js';
import { closeRedis, firstAttempt, openRedis } from '#src/clients/redis.js';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from './consumer.js';
import type { Endpoint } from './endpoint.js';
import { Producer } from './producer.js';

const HOST = '127.0.0.1';

export interface Actor<T> {
  readonly uuid: string;
  /** For those that have a part in the story; else the start of the UUID. */
  readonly name: string;
  readonly it: T;
}

/** The consumers that fail in the demo, and how. */
export const FAILING = ['silent', 'failing', 'gone', 'stranger'] as const;
const OUT_OF_ORDER = ['stubborn'];

/** All peers and services of the demo, on loopback. */
export class Cast {
  /** What the services say that our IP is. */
  ip: string;
  /** Whether our line works. */
  #online = true;
  readonly #services: Server[] = [];

  private constructor(
    readonly consumers: readonly Actor<Endpoint>[],
    readonly producers: readonly Actor<Producer>[],
    readonly folder: string,
    ip: string,
  ) {
    this.ip = ip;
  }

  /** Starts them, and makes them known in a database for the embedded Redis. */
  static async start(consumers: number, producers: number, ip: string): Promise<Cast> {
    const folder = await mkdtemp(join(tmpdir(), 'demo-'));
    const cast = new Cast(
      await several(consumers, FAILING, (uuid) => startConsumer({ uuid, host: HOST })),
      await several(producers, OUT_OF_ORDER, () => Producer.start({ host: HOST })),
      folder,
      ip,
    );
    for (let i = 0; i < 2; i += 1) cast.#services.push(await cast.#service());
    await cast.#register();
    return cast;
  }

  /** Where the embedded Redis keeps its database. */
  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** The services that are asked for our IP. */
  get ipUrls(): readonly string[] {
    return this.#services.map((service) => `http://${HOST}:${(service.address() as AddressInfo).port}/`);
  }

  /** Cuts our line: nothing that is sent comes back. */
  goOffline(): void {
    this.#online = false;
    for (const { it } of this.consumers) it.behave('silence');
  }

  /** Mends it. */
  goOnline(): void {
    this.#online = true;
    for (const { it } of this.consumers) it.behave('well');
  }

  async stop(): Promise<void> {
    for (const { it } of this.consumers) await it.goDark();
    for (const { it } of this.producers) await it.endpoint.goDark();
    for (const service of this.#services) {
      const closed = once(service, 'close');
      service.close().closeAllConnections();
      await closed;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #service(): Promise<Server> {
    const service = createServer((_, response) => {
      if (this.#online) response.end(this.ip);
    });
    await once(service.listen(0, HOST), 'listening');
    return service;
  }

  async #register(): Promise<void> {
    const server = await EmbeddedRedis.start(this.dataDir);
    const redis = openRedis({ socketPath: server.socketPath });
    await firstAttempt(redis);
    const keys = keysUnder('p2p:');
    for (const { uuid, it } of this.consumers) {
      await redis.hset(keys.consumer(uuid), { ip: HOST, port: it.port });
      await redis.sadd(keys.consumers, uuid);
    }
    for (const { uuid, it } of this.producers) {
      await redis.hset(keys.producer(uuid), { ip: HOST, port: it.endpoint.port });
      await redis.sadd(keys.producers, uuid);
    }
    await closeRedis(redis);
    await server.stop();
  }
}

function several<T>(
  n: number,
  names: readonly string[],
  start: (uuid: string) => Promise<T>,
): Promise<readonly Actor<T>[]> {
  return Promise.all(
    Array.from({ length: n }, async (_, i) => {
      const uuid = randomUUID();
      return { uuid, name: names[i] ?? uuid.slice(0, 8), it: await start(uuid) };
    }),
  );
}
