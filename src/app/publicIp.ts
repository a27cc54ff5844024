import { concat, distinctUntilChanged, map, NEVER, of, switchMap, type Observable } from 'rxjs';
import { isDeepStrictEqual } from 'node:util';
import type { SchedulerEvent } from '../events.js';
import { asking } from '../streams/ip/askSource.js';
import { watchIp } from '../streams/ip/watchIp.js';
import type { Deps } from './deps.js';

/** What the watch of our public IP finds, under the settings of the moment. An override is the IP: nothing is polled. */
export function publicIp({
  config$,
  ipSources,
  evidence,
  clock,
  random,
}: Pick<Deps, 'config$' | 'ipSources' | 'evidence' | 'clock' | 'random'>): Observable<SchedulerEvent> {
  // Other settings make other sources of the same names; lookups of the old ones may still be under way.
  const busy = new Set<string>();
  return config$.pipe(
    map(({ publicIp: settings, network }) => ({ publicIp: settings, network })),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    switchMap((settings): Observable<SchedulerEvent> => {
      const { override, timeoutMs } = settings.publicIp;
      if (override !== undefined) {
        return concat(of<SchedulerEvent>({ kind: 'ip.confirmed', at: clock.wall(), ip: override }), NEVER);
      }
      return watchIp({
        ...settings.publicIp,
        ...clock,
        sources: ipSources(settings),
        ask: asking({ timeoutMs, busy }),
        evidence,
        random,
      });
    }),
  );
}
