import { filter, ignoreElements, merge, tap, type Observable } from 'rxjs';
import type { TellManager } from '../clients/systemdNotify.js';
import { escaped } from '../domain/text/printable.js';
import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';
import { every } from '../sources/every.js';
import { Situation } from './situation.js';
import { StateQueue } from './stateQueue.js';

export interface ServiceOptions {
  readonly tell: TellManager;
  /** How often the manager wants to hear of us, in milliseconds; undefined where it does not. */
  readonly watchdogMs: number | undefined;
  readonly wall: () => number;
  readonly steady: () => number;
  /** The clock that the manager has as well, CLOCK_MONOTONIC, in microseconds. */
  readonly monotonicUs: () => bigint;
}

/** So often within the time of the watchdog: the tool is another process, which may be slow to start. */
const TELLS_PER_WATCHDOG = 3;
/** Heartbeats come every five seconds; where none has come for so long, nothing ticks any more. */
const ALIVE_MS = 15_000;

/**
 * Tells systemd how we are: ready, reloading, stopping, alive, and one line for `systemctl status`. As a sink it only
 * takes note; the tool runs beside the pipeline, in `run`.
 */
export class ServiceManager implements Sink {
  readonly waits = false;
  readonly #situation = new Situation();
  readonly #states: StateQueue;
  #isReady = false;
  #beatAt = -Infinity;

  constructor(private readonly options: ServiceOptions) {
    this.#states = new StateQueue(options.tell, options.wall);
  }

  accept(event: SchedulerEvent): void {
    const isNews = this.#situation.accept(event);
    switch (event.kind) {
      case 'heartbeat':
        this.#beatAt = this.options.steady();
        if (!this.#isReady) this.#states.push(['READY=1', this.#status]);
        this.#isReady = true;
        return;
      case 'process.stopping':
        // Past the queue: the work, and what runs beside it, may end before its turn comes.
        void this.options
          .tell(['STOPPING=1', `STATUS=${event.signal}: finishing what is in flight`])
          .catch(() => undefined);
        return;
      default:
        if (isNews && this.#isReady) this.#states.push([this.#status]);
    }
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** The configuration read again, with `RELOADING=1` sent before and `READY=1` after. */
  async reloading<T>(read: () => Promise<T>): Promise<T> {
    this.#states.push(['RELOADING=1', `MONOTONIC_USEC=${String(this.options.monotonicUs())}`]);
    try {
      return await read();
    } finally {
      this.#states.push(['READY=1', this.#status]);
    }
  }

  /** Tells it, for as long as it is subscribed to. */
  run(): Observable<SchedulerEvent> {
    const { watchdogMs, steady } = this.options;
    const sent$ = this.#states.run();
    if (watchdogMs === undefined) return sent$;
    const alive$ = every({ intervalMs: watchdogMs / TELLS_PER_WATCHDOG, atOnce: false }).pipe(
      filter(() => this.#isReady && steady() - this.#beatAt < ALIVE_MS),
      tap(() => {
        this.#states.push(['WATCHDOG=1', this.#status]);
      }),
      ignoreElements(),
    );
    return merge(sent$, alive$);
  }

  get #status(): string {
    return `STATUS=${escaped(this.#situation.text)}`;
  }
}
