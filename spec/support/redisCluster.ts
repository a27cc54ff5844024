import { expect } from 'chai';
import { RedisServer } from '#swarm/redis.js';
import { eventually } from './eventually.js';
import { freePort } from './freePort.js';

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const NODES = 3;
const PATIENCE_MS = 60_000;

interface Node {
  readonly server: RedisServer;
  readonly port: number;
  readonly busPort: number;
}

/** A real Redis Cluster of three primaries without replicas, which keep their data. */
export class RedisCluster {
  private constructor(private readonly nodes: readonly Node[]) {}

  /** Each node under further settings. */
  static async start(...args: readonly string[]): Promise<RedisCluster> {
    const nodes: Node[] = [];
    const cluster = new RedisCluster(nodes);
    try {
      for (let i = 0; i < NODES; i += 1) nodes.push(await startNode(args));
      await cluster.#form();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ port }) => `redis://${HOST}:${port}`);
  }

  get servers(): readonly RedisServer[] {
    return this.nodes.map(({ server }) => server);
  }

  /** The node that holds the key's slot. */
  async ownerOf(key: string): Promise<RedisServer> {
    const slot = Number(await this.#first.client().call('CLUSTER', 'KEYSLOT', key));
    return this.nodes[Math.floor((slot * NODES) / SLOTS)]?.server ?? expect.fail('no such slot');
  }

  async stop(): Promise<void> {
    for (const { server } of this.nodes) await server.stop();
  }

  get #first(): RedisServer {
    return this.nodes[0]?.server ?? expect.fail('no node');
  }

  async #form(): Promise<void> {
    for (const [i, { server, port, busPort }] of this.nodes.entries()) {
      const client = server.client();
      const slots = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
        (slot) => Math.floor((slot * NODES) / SLOTS) === i,
      );
      await client.call('CLUSTER', 'ADDSLOTS', ...slots.map(String));
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
      await this.#first.client().call('CLUSTER', 'MEET', HOST, String(port), String(busPort));
    }
    for (const { server } of this.nodes) {
      await eventually(async () => {
        expect(await server.client().call('CLUSTER', 'INFO'))
          .to.include('cluster_state:ok')
          .and.include(`cluster_known_nodes:${NODES}`);
      }, PATIENCE_MS);
    }
  }
}

async function startNode(more: readonly string[]): Promise<Node> {
  const [port, busPort] = [await freePort(), await freePort()];
  const settings = {
    port,
    bind: HOST,
    'cluster-enabled': 'yes',
    'cluster-port': busPort,
    'cluster-announce-ip': HOST,
    'cluster-node-timeout': 1_000,
    appendonly: 'yes',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return { server: await RedisServer.start({ args: [...args, ...more] }), port, busPort };
}
