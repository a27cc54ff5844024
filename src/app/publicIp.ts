import { concat, distinctUntilChanged, EMPTY, map, mergeMap, NEVER, of, switchMap, type Observable } from 'rxjs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import { publicScope } from '../domain/ip/scope.js';
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
  busySources: busy,
}: Pick<Deps, 'config$' | 'ipSources' | 'evidence' | 'clock' | 'random' | 'busySources'>): Observable<SchedulerEvent> {
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
        scope: publicScope(settings.publicIp.family),
        random,
      });
    }),
  );
}

/** One lookup by one source outside of this host, as evidence that we are online; it never changes the IP. */
export function pollForEvidence(
  { ipSources, evidence, clock, busySources: busy }: Pick<Deps, 'ipSources' | 'evidence' | 'clock' | 'busySources'>,
  config: Config,
): Observable<SchedulerEvent> {
  const { timeoutMs, family } = config.publicIp;
  const scope = publicScope(family);
  const source = ipSources(config).find(({ remote, name }) => remote && !busy.has(name));
  if (source === undefined) return EMPTY;
  return asking({ timeoutMs, busy })(source).pipe(
    mergeMap((answer): SchedulerEvent[] => {
      const at = clock.wall();
      const ended = answer.ok && evidence.recordAnswer(scope);
      const result = answer.ok ? 'ok' : answer.reason;
      const polled: SchedulerEvent = { kind: 'ip.polled', at, source: source.name, result };
      return ended ? [polled, { kind: 'isolation.ended', at, scope }] : [polled];
    }),
  );
}
