import { nameOf } from '../domain/text/printable.js';
import { span } from '../domain/text/ago.js';
import { counted } from '../domain/text/words.js';
import type { Tint } from './style.js';

/** The fields of `<p>scheduler`. */
export type State = Readonly<Record<string, string>>;

export interface Counts {
  readonly consumers: number;
  readonly producers: number;
  readonly announcements_pending: number;
}

/** Silence of so long, in milliseconds, means that the scheduler has gone without a word. */
const SILENCE_MS = 30_000;

/** Why no scheduler runs, if none does. One that ends as it should takes its heart beat away. */
export function stoppedSince({ heartbeat_at: heartbeat }: State, now: number): string | undefined {
  if (heartbeat === undefined) return 'no scheduler runs: the last one was stopped';
  if (now - Number(heartbeat) < SILENCE_MS) return undefined;
  return `no scheduler runs: the last one has been silent since ${isoOf(heartbeat)}`;
}

/** A time in Unix milliseconds as ISO 8601; what is none is shown as it is. */
export function isoOf(text: string): string {
  const at = new Date(Number(text));
  return Number.isNaN(at.getTime()) ? nameOf(text) : at.toISOString();
}

/** How this node is, in one sentence, by what stands in Redis. */
export function sentence(state: State, counts: Counts, now: number): { readonly tint: Tint; readonly text: string } {
  if (state.uuid === undefined) return { tint: 'bad', text: 'No scheduler has run on this registry yet.' };
  const stopped = stoppedSince(state, now);
  if (stopped !== undefined) return { tint: 'bad', text: `${capital(stopped)}.` };
  if (state.isolated === '1') {
    return { tint: 'warn', text: 'Offline, it seems: no peer answers, and failures are not counted against them.' };
  }
  const finished = Number(state.round_finished_at);
  if (!(finished > 0)) return { tint: 'dim', text: 'Running; the first round has not ended yet.' };
  return { tint: 'good', text: `Running: ${answered(state, counts)} ${span(now - finished)} ago${owing(counts)}.` };
}

function answered({ round_ok: ok = '0', round_failed: failed = '0' }: State, { consumers }: Counts): string {
  if (consumers === 0) return 'the registry has no consumers; the last round ended';
  return `${nameOf(ok)} of ${counted(Number(ok) + Number(failed), 'consumer')} answered`;
}

function owing({ announcements_pending: pending }: Counts): string {
  return pending === 0 ? '' : `, ${counted(pending, 'producer')} still to be told our IP`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
