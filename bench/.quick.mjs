import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { addresses, hasNginx, startPeers } from './peers.mjs';

/**
 * What one check costs: processor time of the whole process, in microseconds, divided by the number of peers. The built
 * program (`sync`, with the registry read and each verdict written back) beside bare loops over the same peers. What the
 * same program takes over no peer at all is taken off. Everything is run in turn, and the median of the turns is told.
 *
 * node bench/cost.mjs [PEERS [TURNS [DIST…]]]: each further `dist` folder is measured beside our own.
 */

const PEERS = Number(process.argv[2] ?? 10_000);
const TURNS = Number(process.argv[3] ?? 3);
const OTHERS = process.argv.slice(4);
const CONCURRENCY = 64;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PRELOAD = pathToFileURL(here('./cpuUsage.mjs')).href;
const folder = mkdtempSync(join(tmpdir(), 'cost-'));
const peers = await startPeers();
const [full, empty] = [await RedisServer.start(), await RedisServer.start()];

/** Microseconds of processor time that `node ARGS` takes. */
async function processorTime(args) {
  const file = join(folder, 'cpu');
  const child = spawn(process.execPath, ['--import', PRELOAD, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CPU_USAGE: file },
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${said}`);
  return Number(readFileSync(file, 'utf8'));
}

function loop(client) {
  const args = (count) => [here('./loop.mjs'), client, String(peers.port), String(count), String(CONCURRENCY)];
  return { name: `bare loop, ${client}`, run: () => processorTime(args(PEERS)), idle: () => processorTime(args(0)) };
}

function program(client, dist = here('../dist')) {
  const args = ({ url }) => {
    const file = join(folder, 'config.json');
    writeFileSync(
      file,
      JSON.stringify({
        uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
        redis: { url },
        publicIp: { override: '127.0.0.1' },
        network: { allow: ['loopback'] },
        sync: { concurrency: CONCURRENCY },
        ...(client === undefined ? {} : { http: { client } }),
      }),
    );
    return [join(dist, 'main.js'), 'sync', '--config', file];
  };
  return {
    name: `program, ${client ?? dist}`,
    run: () => processorTime(args(full)),
    idle: () => processorTime(args(empty)),
  };
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

const measured = [loop('node:http'), program('native'), ...OTHERS.map((dist) => program(undefined, dist))];
try {
  await register();
  // From the second round on the peers are in the lane of those that are judged, as nearly always in a running node.
  await program('native').run();
  const costs = new Map(measured.map(({ name }) => [name, []]));
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const { name, run, idle } of measured) costs.get(name).push(((await run()) - (await idle())) / PEERS);
  }
  report(Object.fromEntries([...costs].map(([name, turns]) => [name, { us: median(turns), turns }])));
} finally {
  await Promise.all([peers.end(), full.stop(), empty.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

function report(results) {
  const ratio = (name, base) => results[name].us / results[base].us;
  const ratios = {
    'program, native / bare loop, node:http': ratio('program, native', 'bare loop, node:http'),
  };
  const [{ model }] = cpus();
  const about = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${model.trim()}, Node.js ${process.version}`,
    load: loadavg().map((one) => Number(one.toFixed(2))),
    peers: PEERS,
    answeredBy: hasNginx ? 'nginx' : 'node',
    turns: TURNS,
  };
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  const micros = (us) => `${us.toFixed(0)} µs`;
  console.log(
    [
      `${about.date}, ${about.machine}, load ${about.load.join(' ')}, ${PEERS} peers on ${about.answeredBy}`,
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
