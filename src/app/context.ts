import type { Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import type { PostJson } from '../domain/call/http.js';
import type { SchedulerEvent } from '../events.js';
import type { ConfigChange } from '../sources/configFile.js';

/** What all parts of the pipeline are given by the composition root. */
export interface Context {
  /** The configuration in force, replayed; each round, poll and attempt takes it as it is when it starts. */
  readonly config$: Observable<Config>;
  /** The HTTP client, by the configuration (its TLS files may change). */
  readonly client: (config: Config) => PostJson;
  readonly clock: Clock;
  /** Fires when the program is to stop asking for more, and is replayed to whoever subscribes later. */
  readonly stop$: Observable<unknown>;
  readonly stopping: () => boolean;
  /** A short safe text for what a Redis call rejected with. */
  readonly explain: (error: unknown) => string;
}

/** What the process gives the pipeline, and what the pipeline asks of it. */
export interface RunIo {
  /** Each signal to stop, by name. */
  readonly signal$: Observable<string>;
  readonly configChange$: Observable<ConfigChange>;
  /** What else has to run beside the pipeline: the embedded Redis. */
  readonly companion$: Observable<SchedulerEvent>;
  /** For the second signal: no waiting, no flushing. */
  readonly exitNow: () => void;
  readonly setLogLevel: (level: Config['log']['level']) => void;
}
