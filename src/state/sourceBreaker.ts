import { backoffMs } from '../domain/call/backoff.js';
import type { IpAnswer } from '../domain/ip/source.js';

/** The first rest after a failure, and the longest, in milliseconds. */
const FIRST_REST_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;

interface Rest {
  readonly failures: number;
  readonly untilMs: number;
  /** The source itself asked to be left alone. */
  readonly asked: boolean;
}

/**
 * Which sources rest: one that failed is left alone for a while (a circuit breaker: closed, open, half-open again),
 * longer with each failure in a row, and as long as its `Retry-After` says.
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
   * The sources to ask now. When all of them rest, it is our own line that failed rather than they, so all are asked
   * but those that asked to be left alone.
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
