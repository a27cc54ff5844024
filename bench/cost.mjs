import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RedisServer } from '../.build/swarm/redis.js';
import { registerConsumers } from './crowd.mjs';
import { median, mib, micros, report, table, times } from './figures.mjs';
import { addresses, hasNginx, startPeers } from './peers.mjs';
import { blackbox, haproxy, hasBlackbox, hasHaproxy } from './probers.mjs';

/**
 * What one check costs: processor time of the whole process, all its threads, in microseconds, divided by the number of
 * checks; the wall time of a round, and the memory at the peak. The built program (registry read, verdicts judged and
 * written back, log, status server) beside bare loops over the same peers, as often, and beside other programs that check
 * over HTTP. The first rounds, in which V8 still compiles, are left out: a scheduler runs for years. Of a single round
 * (`sync`, or ROUNDS below 3) what the same process takes over no peer at all is taken off instead. Everything is run in
 * turn, and the median of the turns is told.
 *
 * node bench/cost.mjs [PEERS[,PEERS…] [TURNS [ROUNDS [DIST…]]]]: each further `dist` folder is measured beside our own.
 */

const SIZES = (process.argv[2] ?? '1000,10000,100000').split(',').map(Number);
const TURNS = Number(process.argv[3] ?? 3);
const ROUNDS = Number(process.argv[4] ?? 6);
const OTHERS = process.argv.slice(5);
/** From so many peers on, of each program one turn and no others: it would take an hour. */
const MANY = 50_000;
const FEW = 1_000;
const WARM_UP = 10_000;
/** A tick of the times in /proc, which are the same on every Linux. */
const TICK_US = 10_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PRELOAD = pathToFileURL(here('./cpuUsage.mjs')).href;
const folder = mkdtempSync(join(tmpdir(), 'cost-'));
const peers = await startPeers();
const concurrencyOf = (count) => (count >= MANY ? 256 : 64);
/** The rounds that only warm up: so many that V8 has compiled what it will. */
const warmUpOf = (count) => (ROUNDS < 3 ? 0 : count >= MANY ? 1 : Math.max(2, Math.ceil(WARM_UP / count)));
const roundsOf = (count) => {
  if (ROUNDS < 3) return ROUNDS;
  return count >= MANY ? Math.min(ROUNDS, 3) : warmUpOf(count) + Math.max(ROUNDS - 2, Math.ceil(WARM_UP / count));
};

/** What `node ARGS` takes, and how long its rounds; `heard` is called with each line of its standard error. */
async function processor(args, heard = () => undefined) {
  const file = join(folder, 'cpu');
  const child = spawn(process.execPath, ['--import', PRELOAD, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CPU_USAGE: file },
  });
  let said = '';
  const rounds = [];
  const used = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said += `${line}\n`;
    const [, took, unit] = /round \d+: .* in ([\d.]+) (m?s)/.exec(line) ?? [];
    if (took !== undefined) {
      rounds.push(Number(took) * (unit === 's' ? 1_000 : 1));
      used.push(usedBy(child.pid));
    }
    heard(line, child);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${said}`);
  return { ...JSON.parse(readFileSync(file, 'utf8')), used, ms: rounds.length > 0 ? median(rounds) : undefined };
}

/** Microseconds of processor time that a process has taken so far; undefined where the system has no /proc. */
function usedBy(pid) {
  try {
    const [, rest] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = rest.split(' ').slice(11, 13).map(Number);
    return (user + system) * TICK_US;
  } catch {
    return undefined;
  }
}

/** What a check takes once the process is warm, or beyond the same over no peer. */
async function perCheck(count, run, full, empty) {
  const busy = await run(full);
  const [warmUp, rounds] = [warmUpOf(count), roundsOf(count)];
  const [begin, end] = [busy.used[warmUp - 1], busy.used[rounds - 1]];
  if (begin !== undefined && end !== undefined) {
    return { ...busy, us: (end - begin) / (count * (rounds - warmUp)), warmUpUs: begin / (count * warmUp) };
  }
  return { ...busy, us: (busy.us - (await run(empty)).us) / (count * rounds) };
}

function loop(client, count) {
  const words = (n) => [
    here('./loop.mjs'),
    client,
    ...[peers.port, n, concurrencyOf(count), roundsOf(count)].map(String),
  ];
  return {
    name: `bare loop, ${client}`,
    run: () => perCheck(count, (n) => processor(words(n)), count, 0),
  };
}

function configured(url, client, count) {
  const file = join(folder, 'config.json');
  const program = {
    uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
    redis: { url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    sync: { concurrency: concurrencyOf(count), interval: '1s', jitter: 0 },
    ...(client === undefined ? {} : { http: { client }, status: { port: 0 } }),
    log: { format: 'json' },
  };
  writeFileSync(file, JSON.stringify(program));
  return file;
}

/** One round in a process of its own, which has to warm up in it. */
function command(client, count, full, empty) {
  const round = ({ url }) => processor([here('../dist/main.js'), 'sync', '--config', configured(url, client, count)]);
  const run = async () => {
    const [busy, idle] = [await round(full), await round(empty)];
    return { ...busy, us: (busy.us - idle.us) / count };
  };
  return { name: `sync, ${client}`, run };
}

/** The daemon, round after round, the log and the status server included. */
function daemon(client, count, full, empty, dist = here('../dist')) {
  const rounds = ({ url }) => {
    const args = [join(dist, 'main.js'), 'run', '--config', configured(url, client, count)];
    let finished = 0;
    return processor(args, (line, child) => {
      if (/"message":"round \d+: /.test(line) && (finished += 1) === roundsOf(count)) child.kill('SIGTERM');
    });
  };
  return { name: `run, ${client ?? dist}`, run: () => perCheck(count, rounds, full, empty) };
}

/** Other programs of the field, where they are installed. */
function neighbours(count) {
  if (!hasNginx || count >= MANY) return [];
  const ips = addresses(count);
  return [
    hasBlackbox && { name: 'blackbox_exporter', run: () => blackbox(peers, ips, concurrencyOf(count)) },
    hasHaproxy && { name: 'HAProxy', run: () => haproxy(peers, ips, count < FEW ? 2 : 10) },
  ].filter(Boolean);
}

async function measure(count) {
  const [full, empty] = [await RedisServer.start(), await RedisServer.start()];
  try {
    await registerConsumers(full.client(), count, peers.port, addresses(count));
    // From the second round on the peers are in the lane of those that are judged, as nearly always in a running node.
    await command('native', count, full, empty).run();
    const all = [
      loop('node:http', count),
      loop('native', count),
      daemon('native', count, full, empty),
      loop('node-fetch', count),
      daemon('node-fetch', count, full, empty),
      ...OTHERS.map((dist) => daemon(undefined, count, full, empty, dist)),
      command('native', count, full, empty),
      ...neighbours(count),
    ];
    const taken = new Map(all.map(({ name }) => [name, []]));
    for (let turn = 0; turn < (count >= MANY ? 1 : TURNS); turn += 1) {
      for (const { name, run } of all) taken.get(name).push(await run());
    }
    return Object.fromEntries([...taken].map(([name, turns]) => [name, summed(turns)]));
  } finally {
    await Promise.all([full.stop(), empty.stop()]);
  }
}

function summed(turns) {
  const ms = turns.map((turn) => turn.ms).filter((one) => one !== undefined);
  return {
    us: median(turns.map(({ us }) => us)),
    peak: median(turns.map(({ peak }) => peak)),
    ...(ms.length > 0 && { ms: median(ms) }),
    turns: turns.map(({ us }) => us),
    warmUpUs: turns[0].warmUpUs,
  };
}

const results = {};
try {
  for (const count of SIZES) results[count] = await measure(count);
} finally {
  await peers.end();
  rmSync(folder, { recursive: true, force: true });
}

const ratiosOf = (found) => {
  const ratio = (name, base) => (found[base] === undefined ? undefined : found[name].us / found[base].us);
  return {
    'run, native / bare loop, node:http': ratio('run, native', 'bare loop, node:http'),
    'run, node-fetch / bare loop, node-fetch': ratio('run, node-fetch', 'bare loop, node-fetch'),
    'run, native / run, node-fetch': ratio('run, native', 'run, node-fetch'),
    'run, native / blackbox_exporter': ratio('run, native', 'blackbox_exporter'),
  };
};
const ratios = Object.fromEntries(Object.entries(results).map(([count, found]) => [count, ratiosOf(found)]));
const text = Object.entries(results).flatMap(([count, found]) => [
  `${Number(count).toLocaleString('en')} peers, ${roundsOf(Number(count))} rounds, of which ${warmUpOf(Number(count))} warm up, concurrency ${concurrencyOf(Number(count))}:`,
  table(
    ['', 'processor time of a check', 'turns', 'a round', 'memory at the peak'],
    Object.entries(found).map(([name, { us, turns, ms, peak }]) => [
      name,
      micros(us),
      turns.map(micros).join(', '),
      ms === undefined ? '' : `${(ms / 1_000).toFixed(2)} s`,
      mib(peak),
    ]),
  ),
  table(
    ['ratio', ''],
    Object.entries(ratios[count])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, times(value)]),
  ),
]);
report('The cost of a check', text.join('\n\n'), {
  answeredBy: hasNginx ? 'nginx' : 'node',
  rounds: ROUNDS,
  results,
  ratios,
});
