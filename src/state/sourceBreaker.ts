import { backoffMs } from '../domain/call/backoff.js';
import type { FailureReason } from '../domain/call/reasons.js';
import type { IpAnswer } from '../domain/ip/source.js';

/** The first rest after a failure, and the longest, in milliseconds. */
const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;

interface Rest {
  readonly failures: number;
  readonly reason: FailureReason;
  readonly untilMs: number;
  /** Until when the source itself asked to be left alone. */
  readonly leftAloneUntilMs: number;
}

/**
 * Which sources rest: one that failed is left out of the steady polls for a while (a circuit breaker: closed, open,
 * half-open again), longer with each failure in a row, and out of all polls for as long as its `Retry-After` says.
 */
export class SourceBreaker {
  readonly #rests = new Map<string, Rest>();

  constructor(private readonly random: () => number) {}

  note(name: string, answer: IpAnswer, nowMs: number): void {
    if (answer.ok) {
      this.#rests.delete(name);
      return;
    }
    const { reason, retryAfterMs = 0 } = answer;
    const before = this.#rests.get(name);
    const failures = (before?.failures ?? 0) + 1;
    const restMs = backoffMs({
      attempt: failures,
      initialMs: FIRST_REST_MS,
      maxMs: LONGEST_REST_MS,
      random: this.random,
    });
    const leftAloneUntilMs = Math.max(before?.leftAloneUntilMs ?? 0, nowMs + retryAfterMs);
    this.#rests.set(name, { failures, reason, untilMs: Math.max(nowMs + restMs, leftAloneUntilMs), leftAloneUntilMs });
  }

  /** Why the last lookup failed; undefined where it did not. */
  reasonOf(name: string): FailureReason | undefined {
    return this.#rests.get(name)?.reason;
  }

  /** The sources that may be asked: all but those that asked to be left alone. */
  willing<T extends { readonly name: string }>(sources: readonly T[], nowMs: number): readonly T[] {
    return sources.filter(({ name }) => (this.#rests.get(name)?.leftAloneUntilMs ?? nowMs) <= nowMs);
  }

  /** The sources for a steady poll. When all of them rest, our own line has failed: then all that may be asked. */
  awake<T extends { readonly name: string }>(sources: readonly T[], nowMs: number): readonly T[] {
    const awake = sources.filter(({ name }) => (this.#rests.get(name)?.untilMs ?? nowMs) <= nowMs);
    return awake.length > 0 ? awake : this.willing(sources, nowMs);
  }
}
