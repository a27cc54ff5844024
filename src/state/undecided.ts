import type { Scope } from '../domain/ip/scope.js';
import type { CheckOutcome, Lane, RegistryEntry } from '../domain/peer/peer.js';
import { Alarm } from './alarm.js';

/** A failure for which there is no newer evidence that we are online. Its peer stays reserved until it is decided. */
export interface Undecided {
  readonly entry: RegistryEntry;
  readonly lane: Lane;
  readonly at: number;
  readonly outcome: CheckOutcome;
}

/** The failures of one scope that share the answer to one question. */
export interface Question {
  readonly scope: Scope;
  readonly failures: readonly Undecided[];
}

/** Least time between two questions in one scope. */
const MIN_QUESTION_GAP_MS = 1_000;

/**
 * The failures that wait for witnesses to be asked. They hold no worker: what a question is about is gathered here, at
 * most one question a second in each scope, and one under way at a time.
 */
export class UndecidedFailures {
  readonly #waiting = new Map<Scope, Undecided[]>();
  readonly #askedAt = new Map<Scope, number>();
  readonly #asking = new Set<Scope>();
  readonly #alarm = new Alarm();

  constructor(private readonly steady: () => number) {}

  add(scope: Scope, failure: Undecided): void {
    const waiting = this.#waiting.get(scope);
    if (waiting === undefined) this.#waiting.set(scope, [failure]);
    else waiting.push(failure);
    this.#alarm.ring();
  }

  /** Forgets all that wait, or those of such peers, and returns them. */
  clear(gone: (uuid: string) => boolean = () => true): readonly Undecided[] {
    const forgotten: Undecided[] = [];
    for (const [scope, waiting] of this.#waiting) {
      forgotten.push(...waiting.filter(({ entry }) => gone(entry.uuid)));
      const left = waiting.filter(({ entry }) => !gone(entry.uuid));
      if (left.length > 0) this.#waiting.set(scope, left);
      else this.#waiting.delete(scope);
    }
    return forgotten;
  }

  /** The question in this scope has its answer; another may be asked. */
  decided(scope: Scope): void {
    this.#asking.delete(scope);
    this.#alarm.ring();
  }

  /** Yields each question as it may be asked, until the signal aborts, or else until nothing waits. */
  async *questions(signal: AbortSignal, untilEmpty = false): AsyncGenerator<Question> {
    while (!signal.aborted) {
      const now = this.steady();
      const [next] = this.#askable().sort((a, b) => this.#dueAt(a) - this.#dueAt(b));
      if (next !== undefined && this.#dueAt(next) <= now) {
        const failures = this.#waiting.get(next) ?? [];
        this.#waiting.delete(next);
        this.#asking.add(next);
        this.#askedAt.set(next, now);
        yield { scope: next, failures };
        continue;
      }
      if (untilEmpty && this.#waiting.size === 0) return;
      await this.#alarm.sleep(next === undefined ? undefined : this.#dueAt(next) - now, signal);
    }
  }

  #askable(): Scope[] {
    return [...this.#waiting.keys()].filter((scope) => !this.#asking.has(scope));
  }

  #dueAt(scope: Scope): number {
    return (this.#askedAt.get(scope) ?? -Infinity) + MIN_QUESTION_GAP_MS;
  }
}
