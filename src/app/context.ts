import type { Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import type { PostJson } from '../domain/http.js';

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
