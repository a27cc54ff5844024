import { nameOf } from '../domain/text/printable.js';
import { span } from '../domain/text/ago.js';
import type { Picture } from '../status/picture.js';
import { summaryOf, type Level } from '../status/verdict.js';
import type { Tint } from './style.js';

/** The fields of `<p>scheduler`. */
export type State = Readonly<Record<string, string>>;

export interface Counts {
  readonly consumers: number;
  readonly producers: number;
  readonly announcements_pending: number;
}

/** A silence of this length, in milliseconds, means that the scheduler has ended without a shutdown. */
const SILENCE_MS = 30_000;

/** Why no scheduler runs, if so. An orderly shutdown removes the heartbeat. */
export function stoppedSince({ heartbeat_at: heartbeat }: State, now: number): string | undefined {
  if (heartbeat === undefined) return 'no scheduler runs: the last one was stopped';
  if (now - Number(heartbeat) < SILENCE_MS) return undefined;
  return `no scheduler runs: the last one has been silent since ${isoOf(heartbeat)}`;
}

/** A time in Unix milliseconds as ISO 8601. An invalid value is shown unchanged. */
export function isoOf(text: string): string {
  const at = new Date(Number(text));
  return Number.isNaN(at.getTime()) ? nameOf(text) : at.toISOString();
}

/** The state of this node in one sentence, from the data in Redis. */
export function sentence(state: State, counts: Counts, now: number): { readonly tint: Tint; readonly text: string } {
  if (state.uuid === undefined) return { tint: 'bad', text: 'No scheduler has run on this registry yet.' };
  const stopped = stoppedSince(state, now);
  if (stopped !== undefined) return { tint: 'bad', text: `${capital(stopped)}.` };
  const { level, summary } = summaryOf(pictureOf(state, counts, now));
  const finishedAt = timeIn(state.round_finished_at);
  const age = finishedAt === undefined ? '' : ` The last round ended ${span(now - finishedAt)} ago.`;
  return { tint: TINTS[level], text: `${summary}${age}` };
}

const TINTS: Readonly<Record<Level, Tint>> = { ok: 'good', notice: 'warn', bad: 'bad' };

/** The picture of a running scheduler, from the data in Redis. */
function pictureOf(state: State, { consumers, producers, announcements_pending: owing }: Counts, now: number): Picture {
  const [answered, failed] = [numberIn(state.round_ok), numberIn(state.round_failed)];
  const finishedAt = timeIn(state.round_finished_at);
  const pending = Math.max(0, consumers - answered - failed);
  return {
    now,
    role: 'leader',
    otherWorks: false,
    host: nameOf(state.host ?? ''),
    pid: numberIn(state.pid),
    startedAt: undefined,
    heartbeatAt: timeIn(state.heartbeat_at),
    stopped: false,
    redis: { up: true, since: undefined, reason: undefined, unwritten: 0 },
    redisFailing: [],
    isolated: state.isolated === '1' ? [{ scope: undefined, since: undefined }] : [],
    peers: { available: answered, suspect: 0, unavailable: failed, pending, denied: 0, invalid: 0 },
    denied: {},
    failing: [],
    intervalMs: undefined,
    round: { everFinished: finishedAt !== undefined, finishedAt, skippingSince: undefined },
    callers: undefined,
    ip: {
      value: state.ip === undefined ? undefined : nameOf(state.ip),
      since: timeIn(state.ip_changed_at),
      unknown: undefined,
      disagreed: undefined,
      held: undefined,
    },
    producersKnow: { count: Math.max(0, producers - owing), of: producers },
    consumersKnow: undefined,
    oldestOwingMs: undefined,
    missingFamilies: [],
    hostShortSince: undefined,
    clockGap: undefined,
    configRejected: undefined,
    needsRestart: undefined,
    failingNotifications: [],
  };
}

function numberIn(text: string | undefined): number {
  const value = Number(text ?? 0);
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function timeIn(text: string | undefined): number | undefined {
  const value = numberIn(text);
  return value === 0 ? undefined : value;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
