import { randomUUID } from 'node:crypto';
import { keysUnder, type Keys } from '#src/domain/keys.js';
import { startConsumer } from './consumer.js';
import type { Endpoint } from './endpoint.js';
import type { RedisServer } from './redis.js';
import { Scheduler } from './scheduler.js';

export interface NodeOptions {
  readonly server: RedisServer;
  /** Where the API listens: every address that the node will ever be known by. */
  readonly host: string;
  /** Other nodes' ports: on loopback they cannot all have the same one. */
  readonly portOf: (uuid: string) => number | undefined;
  /** What the scheduler's configuration holds besides who and where it is. */
  readonly settings: object;
}

/** A whole consumer node: an API, a scheduler, and the registry that they share under a prefix of its own. */
export class SwarmNode {
  readonly keys: Keys;
  /** The address that it is known by now. */
  address = '127.0.0.1';
  #scheduler: Scheduler | undefined;

  private constructor(
    readonly uuid: string,
    readonly api: Endpoint,
    private readonly options: NodeOptions,
  ) {
    this.keys = keysUnder(prefixOf(uuid));
  }

  static async start(options: NodeOptions): Promise<SwarmNode> {
    const uuid = randomUUID();
    const { host, portOf, server } = options;
    const registry = { redis: server.client(), prefix: prefixOf(uuid) };
    return new SwarmNode(uuid, await startConsumer({ uuid, host, registry, portOf }), options);
  }

  /** Makes another node known to this one, as an operator does with the first ones. */
  async meet(other: SwarmNode): Promise<void> {
    const redis = this.options.server.client();
    await redis.hset(this.keys.consumer(other.uuid), { ip: other.address, port: other.api.port });
    await redis.sadd(this.keys.consumers, other.uuid);
  }

  async run(): Promise<void> {
    this.#scheduler = await Scheduler.start(this.#config());
  }

  /** Changes its address while it runs. */
  async move(address: string): Promise<void> {
    this.address = address;
    await this.#scheduler?.reconfigure(this.#config());
  }

  /** Ends both halves; the registry stays. */
  async stop(): Promise<void> {
    await this.#scheduler?.stop();
    this.#scheduler = undefined;
    await this.api.goDark();
  }

  #config(): object {
    return {
      uuid: this.uuid,
      redis: { url: this.options.server.url, keyPrefix: prefixOf(this.uuid) },
      publicIp: { override: this.address },
      network: { allow: ['loopback'] },
      ...this.options.settings,
    };
  }
}

function prefixOf(uuid: string): string {
  return `${uuid}:`;
}
