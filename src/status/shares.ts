import type { Counted, Picture } from './picture.js';

/** Share of the judged consumers from which on the whole is well. */
const WELL = 0.5;
/** Share of failing consumers from which on it is more than the weather, and of how many one can say so. */
const MANY = 0.2;
const FEW = 5;
/** A consumer whose last call is younger than so many of our intervals calls us. */
export const CALL_INTERVALS = 3;
/** So long nobody need call, however short our interval is. */
const SILENCE_MS = 60_000;

/** Judged consumers that are not unavailable. */
export function answering({ peers }: Pick<Picture, 'peers'>): Counted {
  const count = peers.available + peers.suspect;
  return { count, of: count + peers.unavailable };
}

/** Whether those that answer us and those that call us tell different stories. */
export function oneWay(picture: Picture): 'not-called' | 'cannot-call-out' | undefined {
  const { callers, intervalMs = 0, startedAt = 0, now } = picture;
  const { count, of } = answering(picture);
  // Right after a start nobody has had the time to call; and a short silence means nothing, however short our interval is.
  if (callers === undefined || of === 0 || now - startedAt < CALL_INTERVALS * intervalMs) return undefined;
  if (now - callers.lastAt < SILENCE_MS && callers.count === 0) return undefined;
  const theyAnswer = count / of >= WELL;
  const theyCall = callers.count / Math.max(callers.of, 1) >= WELL / 2;
  if (theyAnswer === theyCall) return undefined;
  return theyAnswer ? 'not-called' : 'cannot-call-out';
}

/** Those that fail now, where they are more than the weather. */
export function failingAtLarge(picture: Picture): Counted | undefined {
  const { count, of } = answering(picture);
  const failing = of - count + picture.peers.suspect;
  return of >= FEW && failing / of > MANY ? { count: failing, of } : undefined;
}

/** `2 of 3 consumers`. */
export function share({ count, of }: Counted, noun = 'consumer'): string {
  return `${thousands(count)} of ${thousands(of)} ${noun}${of === 1 ? '' : 's'}`;
}

export function consumers(n: number): string {
  return `${thousands(n)} consumer${n === 1 ? '' : 's'}`;
}

export function resultsWait(n: number): string {
  return n === 1 ? '1 result waits' : `${thousands(n)} results wait`;
}

/** With commas, whatever the locale of the host: other programs read it too. */
export function thousands(n: number): string {
  return n.toLocaleString('en-US');
}
