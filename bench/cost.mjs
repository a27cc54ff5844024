import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { addresses, hasNginx, startPeers } from './peers.mjs';

/**
 * What one check costs: processor time of the whole process, all its threads, in microseconds, divided by the number of
 * checks. The built program (registry read, verdicts judged and written back, log, status server) beside bare loops over
 * the same peers, as often. What the same process takes over no peer at all is taken off. Everything is run in turn, and
 * the median of the turns is told.
 *
 * node bench/cost.mjs [PEERS [TURNS [ROUNDS [DIST…]]]]: each further `dist` folder is measured beside our own.
 */

const PEERS = Number(process.argv[2] ?? 10_000);
const TURNS = Number(process.argv[3] ?? 3);
const ROUNDS = Number(process.argv[4] ?? 3);
const OTHERS = process.argv.slice(5);
const CONCURRENCY = 64;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PRELOAD = pathToFileURL(here('./cpuUsage.mjs')).href;
const folder = mkdtempSync(join(tmpdir(), 'cost-'));
const peers = await startPeers();
const [full, empty] = [await RedisServer.start(), await RedisServer.start()];

/** Microseconds of processor time that `node ARGS` takes; `heard` is called with each line of its standard error. */
async function processorTime(args, heard = () => undefined) {
  const file = join(folder, 'cpu');
  const child = spawn(process.execPath, ['--import', PRELOAD, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CPU_USAGE: file },
  });
  let said = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    said += `${line}\n`;
    heard(line, child);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${said}`);
  return Number(readFileSync(file, 'utf8'));
}

function loop(client) {
  const loops = (count) =>
    processorTime([here('./loop.mjs'), client, ...[peers.port, count, CONCURRENCY, ROUNDS].map(String)]);
  return { name: `bare loop, ${client}`, checks: PEERS * ROUNDS, run: () => loops(PEERS), idle: () => loops(0) };
}

function configured(url, client) {
  const file = join(folder, 'config.json');
  writeFileSync(
    file,
    JSON.stringify({
      uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
      redis: { url },
      publicIp: { override: '127.0.0.1' },
      network: { allow: ['loopback'] },
      sync: { concurrency: CONCURRENCY, interval: '1s', jitter: 0 },
      ...(client === undefined ? {} : { http: { client }, status: { port: 0 } }),
      log: { format: 'json' },
    }),
  );
  return file;
}

/** One round in a process of its own, which has to warm up in it. */
function command(client) {
  const round = ({ url }) => processorTime([here('../dist/main.js'), 'sync', '--config', configured(url, client)]);
  return { name: `sync, ${client}`, checks: PEERS, run: () => round(full), idle: () => round(empty) };
}

/** The daemon, round after round, the log and the status server included. */
function daemon(client, dist = here('../dist')) {
  const rounds = async ({ url }) => {
    const args = [join(dist, 'main.js'), 'run', '--config', configured(url, client)];
    let finished = 0;
    return processorTime(args, (line, child) => {
      if (/"message":"round \d+: /.test(line) && (finished += 1) === ROUNDS) child.kill('SIGTERM');
    });
  };
  return { name: `run, ${client ?? dist}`, checks: PEERS * ROUNDS, run: () => rounds(full), idle: () => rounds(empty) };
}

async function register() {
  const redis = full.client();
  const ips = addresses(PEERS);
  for (let done = 0; done < PEERS; done += 1_000) {
    const pipeline = redis.pipeline();
    for (const ip of ips.slice(done, done + 1_000)) {
      const uuid = randomUUID();
      pipeline.hset(`p2p:consumer:${uuid}`, { ip, port: peers.port }).sadd('p2p:consumers', uuid);
    }
    await pipeline.exec();
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const measured = [
  loop('node:http'),
  loop('native'),
  daemon('native'),
  loop('node-fetch'),
  daemon('node-fetch'),
  ...OTHERS.map((dist) => daemon(undefined, dist)),
  command('native'),
];
try {
  await register();
  // From the second round on the peers are in the lane of those that are judged, as nearly always in a running node.
  await command('native').run();
  const costs = new Map(measured.map(({ name }) => [name, []]));
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const { name, checks, run, idle } of measured) costs.get(name).push(((await run()) - (await idle())) / checks);
  }
  report(Object.fromEntries([...costs].map(([name, turns]) => [name, { us: median(turns), turns }])));
} finally {
  await Promise.all([peers.end(), full.stop(), empty.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

function report(results) {
  const ratio = (name, base) => results[name].us / results[base].us;
  const ratios = {
    'run, native / bare loop, node:http': ratio('run, native', 'bare loop, node:http'),
    'run, node-fetch / bare loop, node-fetch': ratio('run, node-fetch', 'bare loop, node-fetch'),
    'run, native / run, node-fetch': ratio('run, native', 'run, node-fetch'),
  };
  const [{ model }] = cpus();
  const about = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${model.trim()}, Node.js ${process.version}`,
    load: loadavg().map((one) => Number(one.toFixed(2))),
    peers: PEERS,
    rounds: ROUNDS,
    answeredBy: hasNginx ? 'nginx' : 'node',
    turns: TURNS,
  };
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  const micros = (us) => `${us.toFixed(0)} µs`;
  console.log(
    [
      `${about.date}, ${about.machine}, load ${about.load.join(' ')}, ${ROUNDS} rounds over ${PEERS} peers on ${about.answeredBy}`,
      '',
      row('processor time of a check', 'median', 'turns'),
      row('---', '---', '---'),
      ...Object.entries(results).map(([name, { us, turns }]) => row(name, micros(us), turns.map(micros).join(', '))),
      '',
      row('ratio', ''),
      row('---', '---'),
      ...Object.entries(ratios).map(([name, value]) => row(name, value.toFixed(2))),
      '',
      JSON.stringify({ ...about, results, ratios }),
    ].join('\n'),
  );
}
