import { filter, ignoreElements, merge, tap, type Observable } from 'rxjs';
import type { NotifyManager } from '../clients/systemdNotify.js';
import { escaped } from '../domain/text/printable.js';
import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';
import { every } from '../sources/every.js';
import { ServiceStatus } from './serviceStatus.js';
import { StateQueue } from './stateQueue.js';

export interface ServiceOptions {
  readonly notify: NotifyManager;
  /** The interval of the watchdog in milliseconds; undefined without one. */
  readonly watchdogMs: number | undefined;
  readonly wall: () => number;
  readonly steady: () => number;
  /** CLOCK_MONOTONIC in microseconds, a clock that the service manager reads too. */
  readonly monotonicUs: () => bigint;
}

/** The number of pings per watchdog interval. The tool is a separate process and may start slowly. */
const PINGS_PER_WATCHDOG = 3;
/** Heartbeats come every five seconds. If none has come for this long, the ticks have stopped. */
const HEARTBEAT_TIMEOUT_MS = 15_000;

/**
 * Reports the state of this process to systemd: ready, reloading, stopping, alive, and one line for `systemctl
 * status`. As a sink it only records; the tool runs beside the pipeline, in `run`.
 */
export class ServiceManager implements Sink {
  readonly hasUnwritten = false;
  readonly #serviceStatus = new ServiceStatus();
  readonly #states: StateQueue;
  #isReady = false;
  #beatAt = -Infinity;

  constructor(private readonly options: ServiceOptions) {
    this.#states = new StateQueue(options.notify, options.wall);
  }

  accept(event: SchedulerEvent): void {
    const mustSend = this.#serviceStatus.accept(event);
    switch (event.kind) {
      case 'heartbeat':
        this.#beatAt = this.options.steady();
        if (!this.#isReady) this.#states.push(['READY=1', this.#status]);
        this.#isReady = true;
        return;
      case 'process.stopping':
        // This bypasses the queue, because the pipeline and `run` may end before its turn.
        void this.options
          .notify(['STOPPING=1', `STATUS=${event.signal}: finishing what is in flight`])
          .catch(() => undefined);
        return;
      default:
        if (mustSend && this.#isReady) this.#states.push([this.#status]);
    }
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** Reads the configuration again, with `RELOADING=1` before and `READY=1` after. */
  async reloading<T>(read: () => Promise<T>): Promise<T> {
    this.#states.push(['RELOADING=1', `MONOTONIC_USEC=${String(this.options.monotonicUs())}`]);
    try {
      return await read();
    } finally {
      this.#states.push(['READY=1', this.#status]);
    }
  }

  /** Sends the states while subscribed. */
  run(): Observable<SchedulerEvent> {
    const { watchdogMs, steady } = this.options;
    const sent$ = this.#states.run();
    if (watchdogMs === undefined) return sent$;
    const alive$ = every({ intervalMs: watchdogMs / PINGS_PER_WATCHDOG, atOnce: false }).pipe(
      filter(() => this.#isReady && steady() - this.#beatAt < HEARTBEAT_TIMEOUT_MS),
      tap(() => {
        this.#states.push(['WATCHDOG=1', this.#status]);
      }),
      ignoreElements(),
    );
    return merge(sent$, alive$);
  }

  get #status(): string {
    return `STATUS=${escaped(this.#serviceStatus.text)}`;
  }
}
