import { durationText } from '../../config/duration.js';
import { MAX_WORKERS } from '../../config/values.js';
import { grouped } from '../../domain/text/figures.js';
import { FEW_HOURS, historyBytes, isLarge } from '../historyMemory.js';
import type { Plan } from './calculate.js';
import type { Workload } from './workload.js';
import { about, bytes } from './units.js';

/** Fractions of one core above which another client, and then another replica, pays off. */
const BUSY = 0.25;
const FULL = 0.5;
/** The usual default limit of shells and services. */
const DEFAULT_DESCRIPTORS = 1_024;
/** A longer first start justifies more workers. */
const LONG_START_MS = 5 * 60_000;

/** Settings to change, each with its reason; empty if the settings fit. */
export function adviceOf(workload: Workload, plan: Plan): readonly string[] {
  return [...ofWorkers(workload, plan), ...ofProcessor(workload, plan), ...ofMemory(workload, plan)];
}

function* ofWorkers({ settings }: Workload, plan: Plan): Generator<string> {
  const { sync } = settings;
  const { concurrency, unavailable_concurrency: unavailable, descriptors } = plan;
  if (Math.max(concurrency.needed, unavailable.needed) > MAX_WORKERS) {
    yield `Lower sync.timeout, or raise sync.interval: a lane has at most ${grouped(MAX_WORKERS)} workers.`;
    return;
  }
  if (concurrency.needed > concurrency.set) {
    yield `Set sync.concurrency to ${concurrency.needed}: with ${concurrency.set} a round in which the silent peers fall silent does not end within ${durationText(sync.intervalMs)}.`;
  }
  if (unavailable.needed > unavailable.set) {
    yield `Set sync.unavailable.concurrency to ${unavailable.needed}: with ${unavailable.set} the silent peers are called less often than every ${durationText(sync.unavailable.intervalMs)}.`;
  }
  if (plan.known_ms > LONG_START_MS) {
    yield `Set sync.pending.concurrency higher, or sync.timeout lower, if a first start may not take ${about(plan.known_ms)}.`;
  }
  if (descriptors > DEFAULT_DESCRIPTORS) {
    yield `Allow ${grouped(descriptors)} open files: LimitNOFILE= of systemd, or ulimit -n.`;
  }
}

function* ofProcessor({ settings }: Workload, { cpu, round_ms: roundMs }: Plan): Generator<string> {
  const { http, sync } = settings;
  if (http.client === 'node-fetch' && cpu['node-fetch'] > BUSY) {
    yield 'Set http.client to native: the same behaviour for about half of the processor time.';
  }
  if (cpu.native > FULL) {
    yield 'Let several schedulers share the registry (replicas.enabled, docs/scaling.md): one core is too little.';
  } else if (roundMs > sync.intervalMs) {
    yield `Raise sync.interval: a round takes ${about(roundMs)}.`;
  }
}

function* ofMemory({ peers, settings: { history } }: Workload, plan: Plan): Generator<string> {
  if (!isLarge(peers, history)) return;
  const fewer = bytes(historyBytes(peers, { ...history, hours: FEW_HOURS }));
  yield `Set history.hours to ${FEW_HOURS}: history then takes ${fewer} of Redis' memory instead of ${bytes(plan.redis_history_bytes)}.`;
}
