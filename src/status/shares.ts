import type { Counted, Picture } from './picture.js';

/** The fraction of judged consumers that must answer for the overall state to be good. */
const MIN_ANSWERING = 0.5;
/**
 * The fraction of failing consumers that counts as many, and the number of consumers below which no fraction counts.
 */
const MAX_FAILING = 0.2;
const MIN_CONSUMERS = 5;
/** A consumer calls us if its last call is younger than this number of intervals. */
export const CALL_INTERVALS = 3;
/** A silence shorter than this is normal, even with a short interval. */
const SILENCE_MS = 60_000;

/** Judged consumers that are not unavailable. */
export function answering({ peers }: Pick<Picture, 'peers'>): Counted {
  const count = peers.available + peers.suspect;
  return { count, of: count + peers.unavailable };
}

/** Whether calls work in one direction only. */
export function oneWay(picture: Picture): 'not-called' | 'cannot-call-out' | undefined {
  const { callers, intervalMs = 0, startedAt = 0, now } = picture;
  const { count, of } = answering(picture);
  // Just after a start no consumer has had time to call, and a short silence means nothing, even with a short
  // interval.
  if (callers === undefined || of === 0 || now - startedAt < CALL_INTERVALS * intervalMs) return undefined;
  if (now - callers.lastAt < SILENCE_MS && callers.count === 0) return undefined;
  const theyAnswer = count / of >= MIN_ANSWERING;
  const theyCall = callers.count / Math.max(callers.of, 1) >= MIN_ANSWERING / 2;
  if (theyAnswer === theyCall) return undefined;
  return theyAnswer ? 'not-called' : 'cannot-call-out';
}

/** The failing consumers, if they are unusually many. */
export function failingAtLarge(picture: Picture): Counted | undefined {
  const { count, of } = answering(picture);
  const failing = of - count + picture.peers.suspect;
  return of >= MIN_CONSUMERS && failing / of > MAX_FAILING ? { count: failing, of } : undefined;
}

/** Whether the most frequent failure shows that connections leave this host: the peers refuse them. */
export function mostAreRefused({ failing: [most] }: Pick<Picture, 'failing'>): boolean {
  return most?.reason === 'refused';
}

/** `2 of 3 consumers`. */
export function share({ count, of }: Counted, noun = 'consumer'): string {
  return `${thousands(count)} of ${thousands(of)} ${noun}${of === 1 ? '' : 's'}`;
}

/** `2 of 3 consumers answer`. */
export function shareDoing(verb: 'answer' | 'call', counted: Counted): string {
  return `${share(counted)} ${verb}${counted.of === 1 ? 's' : ''}`;
}

export function consumers(n: number): string {
  return `${thousands(n)} consumer${n === 1 ? '' : 's'}`;
}

export function resultsWait(n: number): string {
  return n === 1 ? '1 result waits' : `${thousands(n)} results wait`;
}

/** With commas, independent of the locale of the host, because other programs read it too. */
export function thousands(n: number): string {
  return n.toLocaleString('en-US');
}
