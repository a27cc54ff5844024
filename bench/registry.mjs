import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { mib, report, table } from './figures.mjs';

/**
 * A registry with very many entries, none of which can be called: how long `sync` walks it, and its memory at the peak.
 *
 * node bench/registry.mjs [ENTRIES]
 */

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const CHUNK = 10_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'registry-'));
const server = await RedisServer.start();
const redis = server.client();
for (let done = 0; done < ENTRIES; done += CHUNK) {
  const pipeline = redis.pipeline();
  const uuids = Array.from({ length: Math.min(CHUNK, ENTRIES - done) }, () => randomUUID());
  for (const uuid of uuids) pipeline.hset(`p2p:consumer:${uuid}`, 'ip', 'no address');
  await pipeline.sadd('p2p:consumers', ...uuids).exec();
}
const file = join(folder, 'config.json');
const measured = join(folder, 'usage');
writeFileSync(
  file,
  JSON.stringify({ uuid: randomUUID(), redis: { url: server.url }, publicIp: { override: '127.0.0.1' } }),
);
const startedAt = performance.now();
const child = spawn(
  process.execPath,
  ['--import', pathToFileURL(here('./cpuUsage.mjs')).href, here('../dist/main.js'), 'sync', '--config', file],
  { stdio: 'ignore', env: { ...process.env, CPU_USAGE: measured } },
);
await once(child, 'exit');
const seconds = (performance.now() - startedAt) / 1_000;
const { peak } = JSON.parse(readFileSync(measured, 'utf8'));
await server.stop();
rmSync(folder, { recursive: true, force: true });
report(
  'A large registry',
  table(
    ['entries, none callable', '`sync`', 'memory at the peak'],
    [[ENTRIES.toLocaleString('en'), `${seconds.toFixed(1)} s`, mib(peak)]],
  ),
  { entries: ENTRIES, seconds, peak },
);
