import { backoffMs } from '../domain/call/backoff.js';
import type { FailureReason } from '../domain/call/reasons.js';
import type { IpAnswer } from '../domain/ip/source.js';

/** The first and the longest pause of a failing source, in milliseconds. */
const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 3_600_000;

interface Pause {
  readonly failures: number;
  readonly reason: FailureReason;
  readonly untilMs: number;
  /** The end of the last `Retry-After` of the source. */
  readonly retryAfterUntilMs: number;
}

/**
 * Decides which sources to skip. A source that failed is left out of the steady polls for a while (a circuit breaker:
 * closed, open, half-open), longer with each failure in a row, and out of all polls for the time of its `Retry-After`.
 */
export class SourceBreaker {
  readonly #pauses = new Map<string, Pause>();

  constructor(private readonly random: () => number) {}

  record(name: string, answer: IpAnswer, nowMs: number): void {
    if (answer.ok) {
      this.#pauses.delete(name);
      return;
    }
    const { reason, retryAfterMs = 0 } = answer;
    const before = this.#pauses.get(name);
    const failures = (before?.failures ?? 0) + 1;
    const pauseMs = backoffMs({
      attempt: failures,
      initialMs: FIRST_PAUSE_MS,
      maxMs: MAX_PAUSE_MS,
      random: this.random,
    });
    const retryAfterUntilMs = Math.max(before?.retryAfterUntilMs ?? 0, nowMs + retryAfterMs);
    this.#pauses.set(name, {
      failures,
      reason,
      untilMs: Math.max(nowMs + pauseMs, retryAfterUntilMs),
      retryAfterUntilMs,
    });
  }

  /** The reason of the last lookup, if it failed. */
  reasonOf(name: string): FailureReason | undefined {
    return this.#pauses.get(name)?.reason;
  }

  /** The sources for a full round: all except those whose `Retry-After` still applies. */
  allowed<T extends { readonly name: string }>(sources: readonly T[], nowMs: number): readonly T[] {
    return sources.filter(({ name }) => (this.#pauses.get(name)?.retryAfterUntilMs ?? nowMs) <= nowMs);
  }

  /**
   * The sources for a steady poll. If all of them are paused, our own line has failed and not the sources, so all are
   * used except those whose `Retry-After` still applies.
   */
  available<T extends { readonly name: string }>(sources: readonly T[], nowMs: number): readonly T[] {
    const available = sources.filter(({ name }) => (this.#pauses.get(name)?.untilMs ?? nowMs) <= nowMs);
    return available.length > 0 ? available : this.allowed(sources, nowMs);
  }
}
