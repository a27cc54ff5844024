import type { Scope } from '../domain/ip/scope.js';
import type { CheckOutcome, Lane, RegistryEntry } from '../domain/peer/peer.js';
import { InterruptibleSleep } from './interruptibleSleep.js';

/** A failure without newer evidence that this host is online. Its peer stays reserved until the failure is decided. */
export interface Undecided {
  readonly entry: RegistryEntry;
  readonly lane: Lane;
  readonly at: number;
  readonly outcome: CheckOutcome;
}

/** The failures of one scope that one question to the witnesses decides. */
export interface Question {
  readonly scope: Scope;
  readonly failures: readonly Undecided[];
}

/** Minimum time between two questions in one scope. */
const MIN_QUESTION_GAP_MS = 1_000;

/**
 * The failures that wait for witnesses to be asked. They hold no worker: the next question of their scope takes all
 * of them. A scope has at most one question a second, and one at a time.
 */
export class UndecidedFailures {
  readonly #waiting = new Map<Scope, Undecided[]>();
  readonly #askedAt = new Map<Scope, number>();
  readonly #asking = new Set<Scope>();
  readonly #sleeper = new InterruptibleSleep();

  constructor(private readonly steady: () => number) {}

  add(scope: Scope, failure: Undecided): void {
    const waiting = this.#waiting.get(scope);
    if (waiting === undefined) this.#waiting.set(scope, [failure]);
    else waiting.push(failure);
    this.#sleeper.wake();
  }

  /** Removes and returns the waiting failures, or only those of peers for which `gone` is true. */
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

  /** Marks the question of this scope as answered, so that the next one may start. */
  decided(scope: Scope): void {
    this.#asking.delete(scope);
    this.#sleeper.wake();
  }

  /** Yields each question when it is due, until the signal aborts; with `untilEmpty`, until no failure waits. */
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
      await this.#sleeper.sleep(next === undefined ? undefined : this.#dueAt(next) - now, signal);
    }
  }

  #askable(): Scope[] {
    return [...this.#waiting.keys()].filter((scope) => !this.#asking.has(scope));
  }

  #dueAt(scope: Scope): number {
    return (this.#askedAt.get(scope) ?? -Infinity) + MIN_QUESTION_GAP_MS;
  }
}
