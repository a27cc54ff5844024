import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EmbeddedRedis } from '#src/clients/embeddedRedis.js';
import { closeRedis, firstAttempt, openRedis } from '#src/clients/redis.js';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from './consumer.js';
import type { Endpoint } from './endpoint.js';
import { Producer } from './producer.js';

const CONSUMERS = 20;
const PRODUCERS = 5;
const HOST = '127.0.0.1';
/** Two addresses that could be a host's; nothing is ever sent there. */
const [FIRST_IP, SECOND_IP] = ['93.184.216.34', '93.184.216.99'];
const MAIN = fileURLToPath(import.meta.resolve('#src/main.js'));

const started: (() => Promise<unknown>)[] = [];
const over = new AbortController();
const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;

function say(text: string): void {
  const line = `── ${text} `;
  const rule = '─'.repeat(Math.max(3, Math.min(process.stdout.columns || 100, 110) - line.length));
  process.stdout.write(colour ? `\u001b[1;35m${line}${rule}\u001b[0m\n` : `${line}${rule}\n`);
}

/** A moment for the viewer; ends early where the demo does. */
async function pause(seconds: number): Promise<void> {
  await delay(seconds * 1_000, undefined, { signal: over.signal });
}

interface Actors {
  readonly consumers: readonly Endpoint[];
  readonly producers: readonly Producer[];
  readonly uuid: string;
  readonly setIp: (ip: string) => void;
}

async function cast(): Promise<
  Actors & { readonly ipUrls: readonly string[]; readonly dataDir: string; readonly folder: string }
> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-'));
  started.push(() => rm(folder, { recursive: true, force: true }));
  const uuids = Array.from({ length: CONSUMERS }, () => randomUUID());
  const consumers = await Promise.all(uuids.map((uuid) => startConsumer({ uuid, host: HOST })));
  const producers = await Promise.all(Array.from({ length: PRODUCERS }, () => Producer.start({ host: HOST })));
  for (const endpoint of [...consumers, ...producers.map((one) => one.endpoint)]) started.push(() => endpoint.goDark());

  let ip = FIRST_IP;
  const ipUrls = await Promise.all(
    ['a', 'b'].map(async () => {
      const service = createServer((_, response) => {
        response.end(ip);
      });
      service.listen(0, HOST);
      await once(service, 'listening');
      started.push(async () => {
        const closed = once(service, 'close');
        service.close().closeAllConnections();
        await closed;
      });
      return `http://${HOST}:${String((service.address() as AddressInfo).port)}/`;
    }),
  );

  const dataDir = join(folder, 'data');
  const server = await EmbeddedRedis.start(dataDir);
  const redis = openRedis({ socketPath: server.socketPath });
  await firstAttempt(redis);
  const keys = keysUnder('p2p:');
  for (const [i, { port }] of consumers.entries()) {
    const uuid = uuids[i] ?? randomUUID();
    await redis.hset(keys.consumer(uuid), { ip: HOST, port });
    await redis.sadd(keys.consumers, uuid);
  }
  for (const { endpoint } of producers) {
    const uuid = randomUUID();
    await redis.hset(keys.producer(uuid), { ip: HOST, port: endpoint.port });
    await redis.sadd(keys.producers, uuid);
  }
  await closeRedis(redis);
  await server.stop();
  const setIp = (next: string): void => {
    ip = next;
  };
  return { consumers, producers, uuid: randomUUID(), setIp, ipUrls, dataDir, folder };
}

async function startScheduler({ uuid, ipUrls, dataDir, folder }: Awaited<ReturnType<typeof cast>>): Promise<void> {
  const file = join(folder, 'config.json');
  const config = {
    uuid,
    redis: { url: 'embedded', dataDir },
    sync: { interval: '3s', timeout: '1s', suspectInterval: '1500ms', unavailable: { interval: '2s' } },
    publicIp: { interval: '2s', timeout: '1s', sources: ipUrls.map((url) => ({ url })) },
    announce: { timeout: '1s', retry: { initial: '2s', max: '5s' } },
    network: { allow: ['loopback'] },
    log: { format: 'pretty' },
  };
  await writeFile(file, JSON.stringify(config));
  const scheduler = spawn(process.execPath, [MAIN, 'run', '--config', file], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own: a Ctrl-C and then our SIGTERM would be two signals, and the second ends it at once.
    detached: true,
  });
  const ended = once(scheduler, 'exit');
  scheduler.once('exit', () => {
    over.abort();
  });
  started.push(async () => {
    if (scheduler.exitCode === null && scheduler.signalCode === null) scheduler.kill('SIGTERM');
    await ended;
  });
}

async function play({ consumers, producers, uuid, setIp }: Actors): Promise<void> {
  const [silent, failing, gone] = consumers;
  say(`${String(CONSUMERS)} consumers and ${String(PRODUCERS)} producers on loopback; a round every 3 s`);
  await pause(7);
  say('three consumers fail: one falls silent, one answers 500, one is gone');
  silent?.behave('silence');
  failing?.behave({ status: 500 });
  await gone?.goDark();
  await pause(13);
  say('they are back');
  silent?.behave('well');
  failing?.behave('well');
  await gone?.comeBack();
  await pause(7);
  say('our public IP changes, and one of the producers is out of order just now');
  const [stubborn] = producers;
  stubborn?.endpoint.behave({ status: 503 });
  setIp(SECOND_IP);
  await pause(8);
  tellProducers(producers, uuid);
  say('it is repaired: the announcement that failed is repeated until it is acknowledged');
  stubborn?.endpoint.behave('well');
  await stubborn?.endpoint.until(() => stubborn.told.get(uuid)?.at(-1) === SECOND_IP, 15_000);
  await pause(1);
  tellProducers(producers, uuid);
}

function tellProducers(producers: readonly Producer[], uuid: string): void {
  for (const [i, { told }] of producers.entries()) {
    say(`producer ${String(i + 1)} was told: ${(told.get(uuid) ?? []).join(', then ')}`);
  }
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      over.abort();
    });
  }
  try {
    const actors = await cast();
    await startScheduler(actors);
    await play(actors);
    if (process.argv.includes('--once')) return;
    say('that was all; the scheduler goes on until you press Ctrl-C');
    await once(over.signal, 'abort');
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    // In the order opposite to that of the start: the scheduler before those whom it calls.
    for (const end of started.reverse()) await end();
  }
}

await main();
