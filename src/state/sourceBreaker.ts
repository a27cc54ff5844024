import { backoffMs } from '../domain/call/backoff.js';
import type { IpAnswer } from '../domain/ip/source.js';

/** The first and the longest pause of a failing source, in milliseconds. */
const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;

interface Rest {
  readonly failures: number;
  readonly untilMs: number;
  /** The source sent a `Retry-After`. */
  readonly asked: boolean;
}

/**
 * Decides which sources to skip. A source that failed is not used for a while (a circuit breaker: closed, open,
 * half-open), longer with each failure in a row, and at least for the time of its `Retry-After`.
 */
export class SourceBreaker {
  readonly #rests = new Map<string, Rest>();

  constructor(private readonly random: () => number) {}

  note(name: string, answer: IpAnswer, nowMs: number): void {
    if (answer.ok) {
      this.#rests.delete(name);
      return;
    }
    const failures = (this.#rests.get(name)?.failures ?? 0) + 1;
    const restMs = backoffMs({
      attempt: failures,
      initialMs: FIRST_REST_MS,
      maxMs: LONGEST_REST_MS,
      random: this.random,
    });
    const { retryAfterMs } = answer;
    this.#rests.set(name, {
      failures,
      untilMs: nowMs + Math.max(restMs, retryAfterMs ?? 0),
      asked: retryAfterMs !== undefined,
    });
  }

  /**
   * The sources to use now. If all of them are paused, our own line has failed and not the sources, so all are used
   * except those that sent a `Retry-After`.
   */
  awake<T extends { readonly name: string }>(sources: readonly T[], nowMs: number): readonly T[] {
    const resting = (source: T): Rest | undefined => {
      const rest = this.#rests.get(source.name);
      return rest !== undefined && rest.untilMs > nowMs ? rest : undefined;
    };
    const awake = sources.filter((source) => resting(source) === undefined);
    return awake.length > 0 ? awake : sources.filter((source) => resting(source)?.asked !== true);
  }
}
