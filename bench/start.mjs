import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { registerConsumers } from './crowd.mjs';
import { median, report, table, times } from './figures.mjs';

/**
 * From the start of the process to its first request, beside an empty program that imports the packages which `run`
 * needs and sends one; and how long `peers list` takes over many peers.
 *
 * node bench/start.mjs [TURNS [PEERS]]
 */

const TURNS = Number(process.argv[2] ?? 9);
const PEERS = Number(process.argv[3] ?? 10_000);
const PACKAGES = [
  'commander',
  'ioredis',
  'ipaddr.js',
  'ms',
  'node-fetch',
  'public-ip',
  'rxjs',
  'winston',
  'yaml',
  'zod',
];

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folder = mkdtempSync(join(homedir(), '.start-'));
let arrived;
const peer = createServer((_, response) => {
  arrived?.(performance.now());
  response.end();
}).listen(0, '127.0.0.1');
await once(peer, 'listening');
const { port } = peer.address();
const server = await RedisServer.start();
const redis = server.client();

/** Milliseconds until the first request of what `node ARGS` is. */
async function first(args) {
  const request = new Promise((resolve) => (arrived = resolve));
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore', cwd: fileURLToPath(new URL('..', import.meta.url)) });
  const ended = once(child, 'exit');
  const tookMs = (await request) - startedAt;
  arrived = undefined;
  child.kill('SIGKILL');
  await ended;
  await redis.del('p2p:leader');
  return tookMs;
}

const file = join(folder, 'config.json');
const network = { network: { allow: ['loopback'] }, publicIp: { override: '127.0.0.1' }, status: { port: 0 } };
writeFileSync(file, JSON.stringify({ uuid: randomUUID(), redis: { url: server.url }, ...network }));
const empty = [
  ...PACKAGES.map((name) => `import '${name}';`),
  `import { request } from 'node:http';`,
  `request({ host: '127.0.0.1', port: ${port}, method: 'POST' }).end();`,
].join('\n');

await registerConsumers(redis, 1, port);
const taken = { empty: [], run: [] };
for (let turn = 0; turn < TURNS; turn += 1) {
  taken.empty.push(await first(['--input-type=module', '-e', empty]));
  taken.run.push(await first([main, 'run', '--config', file]));
}

await registerConsumers(redis, PEERS, port);
const listed = [];
for (let turn = 0; turn < TURNS; turn += 1) {
  const startedAt = performance.now();
  await once(spawn(process.execPath, [main, 'peers', 'list', '--redis', server.url], { stdio: 'ignore' }), 'exit');
  listed.push(performance.now() - startedAt);
}
await server.stop();
peer.close();
rmSync(folder, { recursive: true, force: true });
const results = { empty: median(taken.empty), run: median(taken.run), list: median(listed) };
report(
  'The start',
  table(
    ['', 'median'],
    [
      ['an empty program with the same packages, to its request', `${results.empty.toFixed(0)} ms`],
      ['`run`, to its first request', `${results.run.toFixed(0)} ms (${times(results.run / results.empty)})`],
      [`\`peers list\` of ${PEERS.toLocaleString('en')} peers`, `${results.list.toFixed(0)} ms`],
    ],
  ),
  { turns: TURNS, results },
);
process.exit();
