import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redis } from 'ioredis';
import type { Keys } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { register } from './registry.js';
import { uuidOf } from './soak/orders.js';

const HOST = '127.0.0.1';
/** Failures in a row that make a peer unavailable. */
export const FALL = 2;
export const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

/** All that a scheduler has to do with besides Redis, well-behaved until told otherwise, and its settings for them. */
export class Neighbours {
  readonly consumers: readonly { readonly uuid: string; readonly endpoint: Endpoint }[];
  readonly producers: readonly { readonly uuid: string; readonly producer: Producer }[];
  readonly #services: Server[] = [];
  #moves = 0;

  private constructor(consumers: readonly Endpoint[], producers: readonly Producer[]) {
    this.consumers = consumers.map((endpoint, i) => ({ uuid: uuidOf('c', i), endpoint }));
    this.producers = producers.map((producer, i) => ({ uuid: uuidOf('d', i), producer }));
  }

  static async start(consumers = 4): Promise<Neighbours> {
    const ofConsumers = Array.from({ length: consumers }, (_, i) => uuidOf('c', i));
    const neighbours = new Neighbours(
      await Promise.all(ofConsumers.map((uuid) => startConsumer({ uuid, host: HOST }))),
      await Promise.all([0, 1, 2].map(() => Producer.start({ host: HOST }))),
    );
    for (let i = 0; i < 2; i += 1) {
      const service = createServer((_, response) => response.end(neighbours.ip));
      neighbours.#services.push(service);
      await once(service.listen(0, HOST), 'listening');
    }
    return neighbours;
  }

  /** What the services say that our IP is. */
  get ip(): string {
    return `93.184.${Math.floor(this.#moves / 250)}.${(this.#moves % 250) + 1}`;
  }

  /** Changes our IP; returns the new one. */
  move(): string {
    this.#moves += 1;
    return this.ip;
  }

  /** Makes all of them known to us, as the API does. */
  async register(redis: Redis, keys?: Keys): Promise<void> {
    for (const { uuid, endpoint } of this.consumers) {
      await register(redis, 'consumer', uuid, { ip: HOST, port: endpoint.port }, keys);
    }
    for (const { uuid, producer } of this.producers) {
      await register(redis, 'producer', uuid, { ip: HOST, port: producer.endpoint.port }, keys);
    }
  }

  /** The configuration of a scheduler among them that has much to do, with its registry in that Redis. */
  settings(redis: object) {
    return {
      uuid: US,
      redis,
      sync: { interval: '60ms', timeout: '300ms', suspectInterval: '60ms', unavailable: { interval: '60ms' } },
      availability: { fall: FALL },
      publicIp: {
        interval: '100ms',
        timeout: '1s',
        sources: this.#services.map((service) => ({
          url: `http://${HOST}:${(service.address() as AddressInfo).port}/`,
        })),
      },
      announce: { timeout: '300ms', retry: { initial: '50ms', max: '200ms' } },
      network: { allow: ['loopback'] },
    };
  }

  async stop(): Promise<void> {
    for (const { endpoint } of this.consumers) await endpoint.goDark();
    for (const { producer } of this.producers) await producer.endpoint.goDark();
    for (const service of this.#services) {
      service.close();
      service.closeAllConnections();
    }
  }
}
