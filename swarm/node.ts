import { randomUUID } from 'node:crypto';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from './consumer.js';
import type { Endpoint } from './endpoint.js';
import type { RedisServer } from './redis.js';
import { Scheduler } from './scheduler.js';

/** A whole consumer node: an API, a scheduler, and the registry that they share under a prefix of its own. */
export class SwarmNode {
  readonly prefix: string;
  readonly keys;
  #scheduler: Scheduler | undefined;

  private constructor(
    readonly uuid: string,
    readonly api: Endpoint,
    private readonly server: RedisServer,
    private readonly settings: object,
  ) {
    this.prefix = `${uuid}:`;
    this.keys = keysUnder(this.prefix);
  }

  /** `portOf` tells the other nodes' ports, since on loopback they share one address. */
  static async start(
    server: RedisServer,
    portOf: (uuid: string) => number | undefined,
    settings: object,
    host = '127.0.0.1',
  ): Promise<SwarmNode> {
    const uuid = randomUUID();
    const api = await startConsumer({ uuid, host, registry: { redis: server.client(), prefix: `${uuid}:` }, portOf });
    return new SwarmNode(uuid, api, server, settings);
  }

  get scheduler(): Scheduler {
    if (this.#scheduler === undefined) throw new Error('this node has no scheduler running');
    return this.#scheduler;
  }

  /** Makes another node known to this one, as an operator does with the first one. */
  async meet(other: SwarmNode): Promise<void> {
    const redis = this.server.client();
    await redis.hset(this.keys.consumer(other.uuid), { ip: other.api.host, port: other.api.port });
    await redis.sadd(this.keys.consumers, other.uuid);
  }

  /** Starts its scheduler, announcing this address where it is not the API's own. */
  async run(address = this.api.host): Promise<void> {
    this.#scheduler = await Scheduler.start({
      uuid: this.uuid,
      redis: { url: this.server.url, keyPrefix: this.prefix },
      publicIp: { override: address },
      network: { allow: ['loopback'] },
      ...this.settings,
    });
  }

  /** Ends both halves; the registry stays. */
  async stop(): Promise<void> {
    await this.#scheduler?.stop();
    this.#scheduler = undefined;
    await this.api.goDark();
  }
}
