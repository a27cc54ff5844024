import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** Peers that answer at once, in a process of their own, so that what is measured does nothing else. */

if (process.send !== undefined) {
  const { Endpoint } = await import('../.build/swarm/endpoint.js');
  const endpoint = await Endpoint.listen({
    path: '/sync',
    host: '127.0.0.1',
    port: 0,
    answer: () => ({ status: 200 }),
  });
  process.send(endpoint.port);
}

/** Starts them; `end` ends their process. */
export async function startCrowd() {
  const crowd = fork(fileURLToPath(import.meta.url));
  const [port] = await once(crowd, 'message');
  return { port, end: () => crowd.kill() };
}

/** Registers so many consumers at one port, of this host or of each one's own of these addresses. */
export async function registerConsumers(redis, count, port, ips = []) {
  for (let done = 0; done < count; done += 1_000) {
    const pipeline = redis.pipeline();
    for (let i = done; i < Math.min(done + 1_000, count); i += 1) {
      const uuid = randomUUID();
      pipeline.hset(`p2p:consumer:${uuid}`, { ip: ips[i] ?? '127.0.0.1', port }).sadd('p2p:consumers', uuid);
    }
    await pipeline.exec();
  }
}
