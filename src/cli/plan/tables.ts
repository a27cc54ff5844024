import { durationText } from '../../config/duration.js';
import { grouped, many } from '../../domain/text/figures.js';
import { marked, markedLines, tinted, type Style } from '../style.js';
import { table } from '../table.js';
import type { Plan, Workers } from './calculate.js';
import type { Workload } from './workload.js';
import { about, bytes, core, rate } from './units.js';

/** The text form of a plan: its input, tables, and advice. */
export function planTables(workload: Workload, plan: Plan, advice: readonly string[], style: Style): string {
  const found = sections(workload, plan, style);
  const width = Math.max(...found.flatMap(([, rows]) => rows.map(([name]) => name.length)));
  const tables = found.map(([title, rows]) => {
    const aligned = rows.map(([name, value]) => [name.padEnd(width), value]);
    return `${tinted(style, 'strong', title)}\n${table(aligned, style)}`;
  });
  const last =
    advice.length === 0
      ? marked(style, 'good', 'the settings fit')
      : advice.map((text) => markedLines(style, 'warn', text)).join('\n');
  return [...tables, last].join('\n\n');
}

type Rows = readonly (readonly [string, string])[];

function sections({ peers, producers, silent, latencyMs, settings }: Workload, plan: Plan, style: Style) {
  const { sync, history } = settings;
  const share = `${String(Number((silent * 100).toFixed(2)))}%`;
  const node: Rows = [
    ['consumers', grouped(peers)],
    ['producers', grouped(producers)],
    ['silent', `${share}, for ${durationText(sync.timeoutMs)} each`],
    ['the others', `answer after ${durationText(latencyMs)}`],
    ['sync.interval', durationText(sync.intervalMs)],
  ];
  const calls: Rows = [
    ['requests', rate(plan.requests_per_second)],
    ['a round takes', about(plan.round_ms)],
    ['sync.concurrency', enough(plan.concurrency, style)],
    ['sync.unavailable.concurrency', enough(plan.unavailable_concurrency, style)],
    ['open files (ulimit -n)', grouped(plan.descriptors)],
    ['sent a day', bytes(plan.sent_bytes_per_day)],
    ['received a day', bytes(plan.received_bytes_per_day)],
  ];
  const machine: Rows = [
    ['processor, http.client node-fetch', core(plan.cpu['node-fetch'])],
    ['processor, http.client native', core(plan.cpu.native)],
    ['memory', bytes(plan.memory_bytes)],
    ['Redis, commands', rate(plan.redis_commands_per_second)],
    ['Redis, memory of the entries', bytes(plan.redis_entries_bytes)],
    [`Redis, history of ${many(history.hours, 'hour')}, ${many(history.days, 'day')}`, bytes(plan.redis_history_bytes)],
  ];
  const times: Rows = [
    ['first start: those that answer known', about(plan.known_ms)],
    ['first start: silent ones judged', about(plan.judged_ms)],
    ['IP change: found within', plan.ip_found_ms === null ? 'at once, by publicIp.override' : about(plan.ip_found_ms)],
    ['IP change: then told to all within', about(plan.ip_told_ms)],
  ];
  return [
    ['node', node],
    ['calls', calls],
    ['machine', machine],
    ['times', times],
  ] as const;
}

function enough({ needed, set }: Workers, style: Style): string {
  const text = `${grouped(needed)} needed, ${grouped(set)} set`;
  return marked(style, needed > set ? 'warn' : 'good', text);
}
