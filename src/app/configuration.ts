import { concat, from, map, mergeMap, NEVER, scan, share, shareReplay, startWith, type Observable } from 'rxjs';
import { changedKeys, needsRestart } from '../config/diff.js';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import type { ConfigChange } from '../sources/configFile.js';

export interface Configuration {
  /** The current configuration. It is replayed to late subscribers. */
  readonly config$: Observable<Config>;
  readonly event$: Observable<SchedulerEvent>;
}

interface Step {
  readonly config: Config;
  /** Whether the last file read was invalid. */
  readonly rejected: boolean;
  /** The keys whose new value waits for a restart. */
  readonly waiting: readonly string[];
  readonly events: readonly SchedulerEvent[];
}

/**
 * Follows the configuration file. Changes that are possible at run time take effect, others are reported, and an
 * invalid file is ignored.
 */
export function configuration(initial: Config, change$: Observable<ConfigChange>, wall: () => number): Configuration {
  const step$ = change$.pipe(
    scan((step: Step, change) => next(step, change, wall()), {
      config: initial,
      rejected: false,
      waiting: [],
      events: [],
    }),
    share(),
  );
  const config$ = concat(step$, NEVER).pipe(
    map(({ config }) => config),
    startWith(initial),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
  return { config$, event$: step$.pipe(mergeMap(({ events }) => from(events))) };
}

function next({ config: current, rejected, waiting }: Step, change: ConfigChange, at: number): Step {
  if (!change.ok) {
    const told: SchedulerEvent = { kind: 'config.rejected', at, problems: change.problems };
    return { config: current, rejected: true, waiting, events: [told] };
  }
  const changed = changedKeys(current, change.config);
  const fixed = needsRestart(changed);
  const live = changed.filter((key) => !fixed.includes(key));
  const events: SchedulerEvent[] = [];
  // A recovery is reported even if the configuration is the same as before.
  if (live.length > 0 || rejected) events.push({ kind: 'config.reloaded', at, changed: live });
  // The configuration in force keeps their values of the start, so `fixed` holds all keys that wait.
  if (fixed.length > 0 || waiting.length > 0) events.push({ kind: 'config.needs-restart', at, keys: fixed });
  const { uuid, redis, replicas, status } = current;
  const { host, port } = status;
  return {
    config: { ...change.config, uuid, redis, replicas, status: { ...change.config.status, host, port } },
    rejected: false,
    waiting: fixed,
    events,
  };
}
