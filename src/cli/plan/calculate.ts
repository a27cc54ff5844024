import { neededDescriptors } from '../doctor/host.js';
import { historyBytes } from '../historyMemory.js';
import { FIGURES, MEASURED_PEERS, MEASURED_PRODUCERS } from './figures.js';
import type { Settings, Workload } from './workload.js';
import { passMs, peerGroups, perSecond, waitMs, workersFor, type Call } from './work.js';

/** A poll of the public IP may be late by a tenth of its interval. */
const POLL_JITTER = 1.1;
const DAY_S = 86_400;
const KIB = 1_024;

/** The number of concurrent calls that a lane needs, and the number that its setting allows. */
export interface Workers {
  readonly needed: number;
  readonly set: number;
}

/** The cost of a node, from the measured figures. */
export interface Plan {
  readonly requests_per_second: number;
  /** For the peers that answer. */
  readonly round_ms: number;
  /** This also covers the case that all silent peers become silent at once and each holds a worker for the timeout. */
  readonly concurrency: Workers;
  readonly unavailable_concurrency: Workers;
  /** Open files, with the needed number of workers. */
  readonly descriptors: number;
  readonly sent_bytes_per_day: number;
  readonly received_bytes_per_day: number;
  /** Fractions of one core. */
  readonly cpu: { readonly 'node-fetch': number; readonly native: number };
  readonly memory_bytes: number;
  readonly redis_commands_per_second: number;
  readonly redis_entries_bytes: number;
  readonly redis_history_bytes: number;
  /** From a first start until every answering peer is known, and until every silent one is judged. */
  readonly known_ms: number;
  readonly judged_ms: number;
  /**
   * From a change of the IP until it is found (null with an override), and from then until all answering producers
   * know it.
   */
  readonly ip_found_ms: number | null;
  readonly ip_told_ms: number;
}

export function planOf(workload: Workload): Plan {
  const { peers, producers, settings } = workload;
  return {
    ...callsOf(workload),
    ...firstPicture(workload),
    ...announcing(workload),
    memory_bytes: residentBytes(peers, settings),
    redis_entries_bytes: (peers + producers) * FIGURES.redisEntry.value,
    redis_history_bytes: historyBytes(peers, settings.history),
  };
}

function callsOf(workload: Workload) {
  const { peers, settings } = workload;
  const { sync } = settings;
  const groups = peerGroups(peers, workload);
  const call = callOf(workload, sync);
  const answered = perSecond(groups.answering, sync.intervalMs);
  const silent = perSecond(groups.silent, sync.unavailable.intervalMs);
  const rate = answered + silent;
  const concurrency = { needed: workersFor(waitMs(groups, call), sync.intervalMs), set: sync.concurrency };
  const ofSilent = workersFor(groups.silent * sync.timeoutMs, sync.unavailable.intervalMs);
  const unavailable = { needed: ofSilent, set: sync.unavailable.concurrency };
  return {
    requests_per_second: rate,
    round_ms: passMs({ ...groups, silent: 0 }, call, sync.concurrency) + sync.spread * sync.intervalMs,
    concurrency,
    unavailable_concurrency: unavailable,
    descriptors: neededDescriptors(withEnough(settings, concurrency, unavailable)),
    sent_bytes_per_day: DAY_S * (answered * FIGURES.sentAnswered.value + silent * FIGURES.sentSilent.value),
    received_bytes_per_day: DAY_S * answered * FIGURES.receivedAnswered.value,
    cpu: { 'node-fetch': cpuOf(rate, FIGURES.checkNodeFetch.value), native: cpuOf(rate, FIGURES.checkNative.value) },
    redis_commands_per_second: FIGURES.redisIdle.value + rate * FIGURES.redisCommands.value,
  };
}

function firstPicture(workload: Workload) {
  const { sync, availability } = workload.settings;
  const groups = peerGroups(workload.peers, workload);
  const known = passMs(groups, callOf(workload, sync), sync.concurrency + sync.pending.concurrency);
  const again = Math.max(sync.suspectIntervalMs, (groups.silent * sync.timeoutMs) / sync.pending.concurrency);
  return { known_ms: known, judged_ms: known + (groups.silent > 0 ? (availability.fall - 1) * again : 0) };
}

function announcing(workload: Workload) {
  const { producers, settings } = workload;
  const { announce, publicIp } = settings;
  const groups = peerGroups(producers, workload);
  const stored = (producers * FIGURES.record.value) / MEASURED_PRODUCERS;
  return {
    ip_found_ms: publicIp.override === undefined ? publicIp.intervalMs * POLL_JITTER : null,
    ip_told_ms: stored + passMs(groups, callOf(workload, announce), announce.concurrency),
  };
}

function callOf({ latencyMs, settings }: Workload, { timeoutMs }: { readonly timeoutMs: number }): Call {
  return { latencyMs, timeoutMs, computeMs: checkMs(settings) };
}

/** Processor time of a call with the configured client. */
function checkMs({ http }: Settings): number {
  return (http.client === 'native' ? FIGURES.checkNative : FIGURES.checkNodeFetch).value / 1_000;
}

/** The table of peers is small. Most memory is garbage of a round that waits for collection. */
function residentBytes(peers: number, { http }: Settings): number {
  const { resident, residentPeer, residentNodeFetch } = FIGURES;
  const kib = (count: number): number => resident.value * KIB + count * residentPeer.value;
  const garbage = residentNodeFetch.value * KIB - kib(MEASURED_PEERS);
  const more = http.client === 'node-fetch' ? garbage * Math.min(1, peers / MEASURED_PEERS) : 0;
  return (kib(peers) + more) * KIB;
}

function cpuOf(rate: number, checkUs: number): number {
  return FIGURES.idle.value / 100 + (rate * checkUs) / 1_000_000;
}

/** The settings with the needed number of workers where the configured number is too small. */
function withEnough(settings: Settings, regular: Workers, unavailable: Workers): Settings {
  const { sync } = settings;
  const most = ({ needed, set }: Workers): number => Math.max(needed, set);
  return {
    ...settings,
    sync: {
      ...sync,
      concurrency: most(regular),
      unavailable: { ...sync.unavailable, concurrency: most(unavailable) },
    },
  };
}
