import { catchError, defer, EMPTY, map, of, retry, throwError, timer, type Observable } from 'rxjs';
import type { NotifyManager } from '../clients/systemdNotify.js';
import type { SchedulerEvent } from '../events.js';
import { InterruptibleSleep } from '../state/interruptibleSleep.js';
import { abortable } from '../streams/operators/abortable.js';
import { draw } from '../streams/operators/draw.js';
import { pull } from '../streams/operators/pull.js';

/** Assignments that are sent together, such as `READY=1` with a status line. */
export type Assignments = readonly string[];

const RETRIES = 2;
const RETRY_MS = 1_000;
/** Maximum length of the queue while the tool is slow. */
const MAX_WAITING = 20;

/** The assignments that are not sent yet, in order. The tool runs once at a time. */
export class StateQueue {
  readonly #sleeper = new InterruptibleSleep();
  #waiting: Assignments[] = [];
  #isMissing = false;

  constructor(
    private readonly notify: NotifyManager,
    private readonly wall: () => number,
  ) {}

  push(assignments: Assignments): void {
    const last = this.#waiting.at(-1);
    // Only the newest of several status lines is of use.
    if (last !== undefined && isLineAlone(last) && isLineAlone(assignments)) this.#waiting.pop();
    this.#waiting.push(assignments);
    this.#waiting = this.#waiting.slice(-MAX_WAITING);
    this.#sleeper.wake();
  }

  run(): Observable<SchedulerEvent> {
    return draw(
      (signal) => this.#next(signal),
      (next$) => pull(next$, (assignments) => this.#deliver(assignments), 1),
    );
  }

  async *#next(signal: AbortSignal): AsyncGenerator<Assignments> {
    while (!signal.aborted) {
      const first = this.#waiting.shift();
      if (first === undefined) await this.#sleeper.sleep(undefined, signal);
      else yield first;
    }
  }

  #deliver(assignments: Assignments): Observable<SchedulerEvent> {
    // A missing tool is reported once and not tried again, because it will not appear later.
    if (this.#isMissing) return EMPTY;
    return defer(() => abortable(() => this.notify(assignments))).pipe(
      retry({
        count: RETRIES,
        delay: (error: Error) => (isMissing(error) ? throwError(() => error) : timer(RETRY_MS)),
      }),
      map((): SchedulerEvent => ({ kind: 'service.notified', at: this.wall() })),
      catchError((error: unknown) => {
        this.#isMissing = isMissing(error);
        return of<SchedulerEvent>({ kind: 'service.unnotified', at: this.wall(), reason: reasonOf(error) });
      }),
    );
  }
}

function isLineAlone(assignments: Assignments): boolean {
  return assignments.every((one) => one.startsWith('STATUS='));
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function reasonOf(error: unknown): 'missing' | 'failed' {
  return isMissing(error) ? 'missing' : 'failed';
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException | null)?.code;
}
