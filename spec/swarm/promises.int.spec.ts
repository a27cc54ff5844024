import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { SwarmNode } from '#swarm/node.js';
import { RedisServer } from '#swarm/redis.js';
import { eventually } from '../support/eventually.js';

const NODES = 5;
/** A second address of this host: Linux has all of 127.0.0.0/8, others have ::1. */
const [HOST, SECOND] = process.platform === 'linux' ? ['0.0.0.0', '127.0.0.2'] : ['::', '::1'];

/** The three promises of synchronization, on nodes that are each a real API, a real scheduler and a registry. */
describe('a swarm of real nodes', () => {
  let server: RedisServer;
  let redis: Redis;
  let nodes: SwarmNode[] = [];
  const portOf = (uuid: string): number | undefined => nodes.find((node) => node.uuid === uuid)?.api.port;
  const settings = {
    sync: { interval: '300ms', timeout: '200ms', suspectInterval: '150ms', unavailable: { interval: '200ms' } },
  };
  const others = (node: SwarmNode) => nodes.filter((one) => one !== node);
  const node = (i: number): SwarmNode => nodes[i] ?? expect.fail('no such node');
  const expectKnown = (by: SwarmNode, other: SwarmNode, fields: Readonly<Record<string, string>>) =>
    eventually(async () => {
      expect(await redis.hgetall(by.keys.consumer(other.uuid))).to.include(fields);
    });

  before(async () => {
    server = await RedisServer.start();
    redis = server.client();
    const options = { server, host: HOST, portOf, settings };
    nodes = await Promise.all(Array.from({ length: NODES }, () => SwarmNode.start(options)));
  });
  after(async () => {
    await Promise.all(nodes.map((one) => one.stop()));
    await server.stop();
  });

  it('one round after each has called those that were there before it, everybody knows everybody', async () => {
    for (const [i, newcomer] of nodes.entries()) {
      for (const earlier of nodes.slice(0, i)) await newcomer.meet(earlier);
    }
    await Promise.all(nodes.map((one) => one.run()));
    for (const one of nodes) {
      for (const other of others(one)) await expectKnown(one, other, { available: '1', state: 'available' });
    }
    expect(await redis.smembers(node(0).keys.consumers)).to.have.members(others(node(0)).map(({ uuid }) => uuid));
  });

  it('a new address reaches everybody with the next round', async () => {
    const mover = node(2);
    await mover.move(SECOND);
    for (const one of others(mover)) await expectKnown(one, mover, { ip: SECOND, state: 'available' });
  });

  it('a node that dies is noticed by all, and so is that it is back', async () => {
    const victim = node(1);
    await victim.stop();
    for (const one of others(victim)) await expectKnown(one, victim, { available: '0', state: 'unavailable' });
    await victim.api.comeBack();
    await victim.run();
    for (const one of others(victim)) await expectKnown(one, victim, { available: '1', state: 'available' });
  });
});
