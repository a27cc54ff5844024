import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Behaviour } from '#swarm/behaviour.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { keys, register } from '../registry.js';
import { CONSUMERS, PRODUCERS, uuidOf, type Order, type Said } from './orders.js';

/**
 * A process of its own with everybody the scheduler calls, so that the process which is measured does nothing else.
 * It is told what to do by messages, and what changes does so in a fixed rotation.
 */

const HOST = '127.0.0.1';
const STEP_MS = 300;
const WRONG: readonly (Behaviour | 'dark')[] = [
  'silence',
  'stall',
  'drip',
  'endless-body',
  'endless-headers',
  'huge-header',
  'huge-body',
  'gzip-bomb',
  'malformed',
  'early-close',
  'reset',
  'reset-in-headers',
  'reset-in-body',
  'redirect',
  'continue-flood',
  'wrong-identity',
  'not-json',
  'dark',
  { status: 500 },
  { status: 503, retryAfter: '1' },
  { lateByMs: 400 },
];

const redis = new Redis({
  path: process.env.SOAK_REDIS ?? '',
  maxRetriesPerRequest: null,
  retryStrategy: () => 50,
});
redis.on('error', () => undefined);

const consumers: Endpoint[] = [];
for (let i = 0; i < CONSUMERS; i += 1) consumers.push(await startConsumer({ uuid: uuidOf('c', i), host: HOST }));
const producers = await Promise.all(Array.from({ length: PRODUCERS }, () => Producer.start({ host: HOST })));
const gone = new Set<number>();
const figures = { calls: 0, behaviours: 0, left: 0, joined: 0, moved: 0 };
const state = { ip: '', churning: false, step: 0 };

async function ipService(): Promise<string> {
  const server = createServer((_, response) => response.end(state.ip));
  server.listen(0, HOST);
  await once(server, 'listening');
  return `http://${HOST}:${(server.address() as AddressInfo).port}/`;
}

async function join(i: number): Promise<void> {
  gone.delete(i);
  await register(redis, 'consumer', uuidOf('c', i), { ip: HOST, port: consumers[i]?.port ?? 0 });
}

async function leave(i: number): Promise<void> {
  gone.add(i);
  await redis
    .multi()
    .srem(keys.consumers, uuidOf('c', i))
    .del(keys.consumer(uuidOf('c', i)))
    .exec();
}

async function behave(i: number, behaviour: Behaviour | 'dark'): Promise<void> {
  if (behaviour === 'dark') return consumers[i]?.goDark();
  // While a peer was dark somebody else may have taken its port.
  await consumers[i]?.comeBack().catch(() => moveOut(i));
  consumers[i]?.behave(behaviour);
}

async function moveOut(i: number): Promise<void> {
  const uuid = uuidOf('c', i);
  await consumers[i]?.goDark();
  const home = await startConsumer({ uuid, host: HOST });
  consumers[i] = home;
  if (!gone.has(i)) await redis.hset(keys.consumer(uuid), { ip: HOST, port: home.port });
}

/** Three of four turns are wrong ones: in the lists of open networks most peers are dead. */
function turnOf(i: number, turn: number): Behaviour | 'dark' {
  const at = i + turn;
  return at % 4 === 0 ? 'well' : (WRONG[(at * 4 + i) % WRONG.length] ?? 'silence');
}

/** One step: one peer turns to its next behaviour, and now and then one leaves, comes back, moves. */
async function churn(): Promise<void> {
  state.step += 1;
  const turning = (state.step * 7) % CONSUMERS;
  await behave(turning, turnOf(turning, Math.floor(state.step / CONSUMERS) + 1));
  figures.behaviours += 1;
  if (state.step % 4 === 0) {
    await leave((state.step * 3) % CONSUMERS);
    figures.left += 1;
    const [back] = gone;
    if (back !== undefined && gone.size > 5) {
      await join(back);
      figures.joined += 1;
    }
  }
  if (state.step % 6 === 0) {
    const moving = (state.step * 11) % CONSUMERS;
    await moveOut(moving);
    await behave(moving, turnOf(moving, 0));
    figures.moved += 1;
  }
  const producer = producers[state.step % PRODUCERS];
  producer?.endpoint.behave(state.step % 3 === 0 ? 'well' : { status: 503 });
}

function countCalls(): void {
  for (const { calls } of consumers) figures.calls += calls.splice(0).length;
}

async function obey(order: Order): Promise<void> {
  if ('ip' in order) {
    state.ip = order.ip;
    return;
  }
  switch (order.do) {
    case 'arrive':
      for (let i = 0; i < CONSUMERS; i += 1) await join(i);
      for (let i = 0; i < CONSUMERS; i += 1) await behave(i, turnOf(i, 0));
      for (const [i, { endpoint }] of producers.entries()) {
        await register(redis, 'producer', uuidOf('d', i), { ip: HOST, port: endpoint.port });
      }
      state.churning = true;
      return;
    case 'calm':
      state.churning = false;
      for (let i = 0; i < CONSUMERS; i += 1) {
        await behave(i, 'well');
        await join(i);
      }
      for (const { endpoint } of producers) endpoint.behave('well');
      return;
    case 'leave':
      for (let i = 0; i < CONSUMERS; i += 1) await leave(i);
      return;
  }
}

function say(said: Said): void {
  process.send?.(said);
}

process.on('disconnect', () => process.exit(0));
const orders: Order[] = [];
process.on('message', (order: Order) => orders.push(order));
say({ ipUrls: [await ipService(), await ipService()] });
// Orders and steps are taken in turn, so that none of them sees another one half done.
for (;;) {
  for (const order of orders.splice(0)) {
    await obey(order);
    countCalls();
    say({ done: order, figures, told: producers.map(({ told }) => [...told.values()].flat()) });
  }
  if (state.churning) await churn();
  countCalls();
  await delay(state.churning ? STEP_MS : 20);
}
