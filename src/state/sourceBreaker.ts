import { backoffMs } from '../domain/call/backoff.js';
import type { IpAnswer } from '../domain/ip/source.js';

/** The first and the longest pause of a failing source, in milliseconds. */
const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 3_600_000;

interface Pause {
  readonly failures: number;
  readonly untilMs: number;
  /** The source sent a `Retry-After`. */
  readonly retryAfter: boolean;
}

/**
 * Decides which sources to skip. A source that failed is not used for a while (a circuit breaker: closed, open,
 * half-open), longer with each failure in a row, and at least for the time of its `Retry-After`.
 */
export class SourceBreaker {
  readonly #pauses = new Map<string, Pause>();

  constructor(private readonly random: () => number) {}

  record(name: string, answer: IpAnswer, nowMs: number): void {
    if (answer.ok) {
      this.#pauses.delete(name);
      return;
    }
    const failures = (this.#pauses.get(name)?.failures ?? 0) + 1;
    const pauseMs = backoffMs({
      attempt: failures,
      initialMs: FIRST_PAUSE_MS,
      maxMs: MAX_PAUSE_MS,
      random: this.random,
    });
    const { retryAfterMs } = answer;
    this.#pauses.set(name, {
      failures,
      untilMs: nowMs + Math.max(pauseMs, retryAfterMs ?? 0),
      retryAfter: retryAfterMs !== undefined,
    });
  }

  /**
   * The sources to use now. If all of them are paused, our own line has failed and not the sources, so all are used
   * except those that sent a `Retry-After`.
   */
  available<T extends { readonly name: string }>(sources: readonly T[], nowMs: number): readonly T[] {
    const pauseOf = (source: T): Pause | undefined => {
      const pause = this.#pauses.get(source.name);
      return pause !== undefined && pause.untilMs > nowMs ? pause : undefined;
    };
    const available = sources.filter((source) => pauseOf(source) === undefined);
    return available.length > 0 ? available : sources.filter((source) => pauseOf(source)?.retryAfter !== true);
  }
}
