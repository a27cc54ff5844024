import { appendFileSync } from 'node:fs';
import type { RunHelpers } from 'rxjs/testing';

/** One line of a diagram as a spec has it, and when it was subscribed to, in virtual milliseconds. */
interface Line {
  readonly kind: 'cold' | 'hot' | 'expected';
  /** The name of its variable in the spec, where it has one. */
  readonly name: string | undefined;
  readonly marbles: string;
  readonly subscriptions: readonly { readonly from: number; readonly to: number | null }[];
}

/** What is known of a source besides its values. */
type Subscribed = Pick<ReturnType<RunHelpers['cold']>, 'subscriptions'>;

/**
 * Takes down the diagrams of a spec, for scripts/marbles.mjs, which draws the documentation from them: one line of JSON a
 * spec in the file that $RECORD_MARBLES names.
 */
export class MarbleRecorder {
  readonly #lines: (() => Line)[] = [];

  private constructor(
    private readonly file: string,
    private readonly title: string,
    private readonly source: string,
  ) {}

  /** Undefined where nothing is to be recorded, as in most runs. */
  static of(title: string, body: (...args: never[]) => void): MarbleRecorder | undefined {
    const file = process.env.RECORD_MARBLES;
    return file === undefined ? undefined : new MarbleRecorder(file, title, body.toString());
  }

  around(helpers: RunHelpers): RunHelpers {
    const { cold, hot, expectObservable } = helpers;
    return {
      ...helpers,
      cold: (marbles, ...rest) => this.#made('cold', marbles, cold(marbles, ...rest)),
      hot: (marbles, ...rest) => this.#made('hot', marbles, hot(marbles, ...rest)),
      expectObservable: (observable, unsubscription) => {
        const expectation = expectObservable(observable, unsubscription ?? null);
        return {
          ...expectation,
          toBe: (marbles, ...rest) => {
            this.#lines.push(() => this.#line('expected', marbles, []));
            expectation.toBe(marbles, ...rest);
          },
        };
      },
    };
  }

  write(): void {
    const lines = this.#lines.map((line) => line());
    appendFileSync(this.file, `${JSON.stringify({ title: this.title, lines })}\n`);
  }

  #made<T extends Subscribed>(kind: 'cold' | 'hot', marbles: string, made: T): T {
    this.#lines.push(() => this.#line(kind, marbles, made.subscriptions));
    return made;
  }

  #line(kind: Line['kind'], marbles: string, subscriptions: Subscribed['subscriptions']): Line {
    const written = marbles.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const [, name] = new RegExp(`(\\w+\\$?) = [^;=]*['"\`]${written}['"\`]`).exec(this.source) ?? [];
    const spans = subscriptions.map(({ subscribedFrame: from, unsubscribedFrame: to }) => ({
      from,
      to: Number.isFinite(to) ? to : null,
    }));
    return { kind, name, marbles, subscriptions: spans };
  }
}
