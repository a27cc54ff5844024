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
import { canMeasure, usageOf } from './usage.mjs';

/**
 * What one check costs: processor time of the whole process, all its threads, in microseconds, divided by the number of
 * checks; the wall time of a round, and the memory at the peak. The built program (registry read, verdicts judged and
 * written back, log, status server, and its rest between two rounds) beside bare loops over the same peers, as often, and
 * beside other programs that check over HTTP.
 *
 * The speed of a machine that others share changes within seconds. So the program and the bare loops run at the same time,
 * and each does its round while the others wait; a ratio is the median of the ratios of rounds that follow each other. The
 * first rounds, in which V8 still compiles, are left out: a scheduler runs for years. Of a single round (`sync`) what the
 * same process takes over no peer at all is taken off instead.
 *
 * node bench/cost.mjs [PEERS[,PEERS…] [TURNS [CLIENT [CONCURRENCY]]]]: with CLIENT (native, node-fetch) only the daemon over it
 * and its bare loops; CONCURRENCY is 64, or 256 from 50,000 peers on. Linux only.
 */

const SIZES = (process.argv[2] ?? '1000,10000,100000').split(',').map(Number);
const TURNS = Number(process.argv[3] ?? 8);
const ONLY = process.argv[4];
const CONCURRENCY = process.argv[5];
/** From so many peers on, two turns and no other programs: it would take an hour. */
const MANY = 50_000;
const FEW = 1_000;
const WARM_UP = 30_000;
/** The interval in rounds of the bare loop: enough for the round of the program and one of each loop. */
const INTERVAL_ROUNDS = 5;
const MIN_INTERVAL_MS = 1_000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PRELOAD = pathToFileURL(here('./cpuUsage.mjs')).href;
if (ONLY !== undefined && !['native', 'node-fetch'].includes(ONLY)) {
  console.error('bench/cost.mjs: CLIENT: expected native or node-fetch');
  process.exit(2);
}
if (!canMeasure) {
  console.error('bench/cost.mjs: expected Linux, whose /proc says what a process takes');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'cost-'));
const peers = await startPeers();
const concurrencyOf = (count) => (CONCURRENCY === undefined ? (count >= MANY ? 256 : 64) : Number(CONCURRENCY));
const turnsOf = (count) => (count >= MANY ? Math.min(TURNS, 2) : TURNS);
/** The rounds that only warm up: so many that V8 has compiled what it will. */
const warmUpOf = (count) => (TURNS < 2 ? 1 : Math.ceil(WARM_UP / count));

/** A process that does rounds, each of which ends with a line of its standard error. */
class Rounds {
  #child;
  #said = '';
  #ended = [];
  #waiting = [];

  constructor(args) {
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.#said += `${line}\n`;
      const [, took, unit] = /round (?:\d+: .*|of \d+) in ([\d.]+) (m?s)/.exec(line) ?? [];
      if (took === undefined) return;
      const round = { ms: Number(took) * (unit === 's' ? 1_000 : 1), ...usageOf(this.#child.pid) };
      const [next] = this.#waiting.splice(0, 1);
      if (next === undefined) this.#ended.push(round);
      else next.resolve(round);
    });
    this.#child.on('close', (code) => {
      for (const { reject } of this.#waiting)
        reject(new Error(`node ${args.join(' ')} ended with ${code}: ${this.#said}`));
    });
  }

  get usage() {
    return usageOf(this.#child.pid);
  }

  /** Has a bare loop do a round. */
  start() {
    this.#child.stdin.write('\n');
  }

  /** Forgets the rounds that have ended by now. */
  clear() {
    this.#ended = [];
  }

  /** The next round that has ended: how long it took, and the usage of the process by then. */
  next() {
    const [round] = this.#ended.splice(0, 1);
    if (round !== undefined) return Promise.resolve(round);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async end() {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    this.#child.kill('SIGTERM');
    await closed;
  }
}

const loopOf = (client, count) =>
  new Rounds([here('./loop.mjs'), client, ...[peers.port, count, concurrencyOf(count)].map(String)]);

/** One round of a bare loop, and what it took. */
async function roundOf(loop) {
  const { us } = loop.usage;
  loop.start();
  const { ms, us: used } = await loop.next();
  return { ms, us: used - us };
}

/** The program and the bare loops by turns: `{ name: { us, peak, ms, turns } }` and the ratios to each loop. */
async function byTurns({ name, loops: named, configure }, count) {
  const loops = new Map(Object.entries(named).map(([one, client]) => [one, loopOf(client, count)]));
  const warmUp = warmUpOf(count);
  let roundMs = 0;
  for (const loop of loops.values()) {
    for (let round = 0; round < warmUp; round += 1) ({ ms: roundMs } = await roundOf(loop));
  }
  const intervalMs = Math.max(MIN_INTERVAL_MS, Math.ceil(INTERVAL_ROUNDS * roundMs));
  const program = new Rounds([here('../dist/main.js'), 'run', '--config', configure(intervalMs)]);
  const found = new Map([...loops.keys(), name].map((one) => [one, []]));
  try {
    let before;
    for (let round = 0; round < warmUp; round += 1) before = await program.next();
    for (let turn = 0; turn < turnsOf(count); turn += 1) {
      for (const [one, loop] of loops) found.get(one).push(await roundOf(loop));
      const after = await program.next();
      found.get(name).push({ ms: after.ms, us: after.us - before.us });
      before = after;
    }
    const peaks = new Map([...loops, [name, program]].map(([one, rounds]) => [one, rounds.usage.peak]));
    return Object.fromEntries(
      [...found].map(([one, turns]) => {
        const us = turns.map((turn) => turn.us / count);
        return [one, { us: median(us), peak: peaks.get(one), ms: median(turns.map(({ ms }) => ms)), turns: us }];
      }),
    );
  } finally {
    await Promise.all([...loops.values(), program].map((one) => one.end()));
  }
}

/** What `node ARGS` takes from its start to its end. */
async function processor(args) {
  const file = join(folder, 'cpu');
  const child = spawn(process.execPath, ['--import', PRELOAD, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, CPU_USAGE: file },
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${said}`);
  return JSON.parse(readFileSync(file, 'utf8'));
}

function configured(url, client, count, intervalMs) {
  const file = join(folder, 'config.json');
  const program = {
    uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
    redis: { url },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    sync: { concurrency: concurrencyOf(count), interval: `${intervalMs}ms`, jitter: 0 },
    http: { client },
    status: { port: 0 },
    log: { format: 'json' },
  };
  writeFileSync(file, JSON.stringify(program));
  return file;
}

/** One round in a process of its own, which has to warm up in it. */
async function command(client, count, full, empty) {
  const round = ({ url }) =>
    processor([here('../dist/main.js'), 'sync', '--config', configured(url, client, count, MIN_INTERVAL_MS)]);
  const [busy, idle] = [await round(full), await round(empty)];
  return { ...busy, us: (busy.us - idle.us) / count };
}

/** Other programs of the field, where they are installed. */
function neighbours(count) {
  if (!hasNginx || count >= MANY) return {};
  const ips = addresses(count);
  return {
    ...(hasBlackbox && { blackbox_exporter: () => blackbox(peers, ips, concurrencyOf(count)) }),
    ...(hasHaproxy && { HAProxy: () => haproxy(peers, ips, count < FEW ? 2 : 10) }),
  };
}

async function measure(count) {
  const [full, empty] = [await RedisServer.start(), await RedisServer.start()];
  try {
    await registerConsumers(full.client(), count, peers.port, addresses(count));
    // From the second round on the peers are in the lane of those that are judged, as nearly always in a running node.
    await command('native', count, full, empty);
    const daemon = (name, client, loops) => {
      return { name, loops, configure: (intervalMs) => configured(full.url, client, count, intervalMs) };
    };
    const found = {};
    const daemons = [
      daemon('run, native', 'native', { 'bare loop, node:http': 'node:http', 'bare loop, native': 'native' }),
      daemon('run, node-fetch', 'node-fetch', { 'bare loop, node-fetch': 'node-fetch' }),
    ];
    for (const one of daemons) {
      if (ONLY === undefined || one.name === `run, ${ONLY}`) Object.assign(found, await byTurns(one, count));
    }
    const others =
      ONLY !== undefined ? {} : { 'sync, native': () => command('native', count, full, empty), ...neighbours(count) };
    for (const [name, run] of Object.entries(others)) {
      const turns = [];
      for (let turn = 0; turn < Math.min(turnsOf(count), 2); turn += 1) turns.push(await run());
      const us = turns.map((turn) => turn.us);
      found[name] = { us: median(us), peak: median(turns.map(({ peak }) => peak)), turns: us };
    }
    return found;
  } finally {
    await Promise.all([full.stop(), empty.stop()]);
  }
}

const results = {};
try {
  for (const count of SIZES) results[count] = await measure(count);
} finally {
  await peers.end();
  rmSync(folder, { recursive: true, force: true });
}

/** To a bare loop by turns of rounds that follow each other; else of the medians. */
function ratioOf(found, name, base) {
  const [one, other] = [found[name], found[base]];
  if (one === undefined || other === undefined) return undefined;
  if (!base.startsWith('bare loop')) return one.us / other.us;
  return median(one.turns.map((us, turn) => us / other.turns[turn]));
}

const ratiosOf = (found) =>
  Object.fromEntries(
    [
      ['run, native', 'bare loop, node:http'],
      ['run, native', 'bare loop, native'],
      ['run, node-fetch', 'bare loop, node-fetch'],
      ['run, native', 'run, node-fetch'],
      ['run, native', 'blackbox_exporter'],
    ].flatMap(([name, base]) => {
      const ratio = ratioOf(found, name, base);
      return ratio === undefined ? [] : [[`${name} / ${base}`, ratio]];
    }),
  );
const ratios = Object.fromEntries(Object.entries(results).map(([count, found]) => [count, ratiosOf(found)]));
const text = Object.entries(results).flatMap(([count, found]) => [
  `${Number(count).toLocaleString('en')} peers, ${turnsOf(Number(count))} rounds after ${warmUpOf(Number(count))} to warm up, concurrency ${concurrencyOf(Number(count))}:`,
  table(
    ['', 'processor time of a check', 'lowest and highest', 'a round', 'memory at the peak'],
    Object.entries(found).map(([name, { us, turns, ms, peak }]) => [
      name,
      micros(us),
      [Math.min(...turns), Math.max(...turns)].map(micros).join(' to '),
      ms === undefined ? '' : `${(ms / 1_000).toFixed(2)} s`,
      mib(peak),
    ]),
  ),
  table(
    ['ratio', ''],
    Object.entries(ratios[count]).map(([name, value]) => [name, times(value)]),
  ),
]);
report('The cost of a check', text.join('\n\n'), { answeredBy: hasNginx ? 'nginx' : 'node', results, ratios });
