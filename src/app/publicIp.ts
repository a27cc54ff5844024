import { isDeepStrictEqual } from 'node:util';
import {
  catchError,
  concat,
  defer,
  distinctUntilChanged,
  EMPTY,
  map,
  mergeMap,
  NEVER,
  of,
  switchMap,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import { publicScope } from '../domain/ip/scope.js';
import type { SchedulerEvent } from '../events.js';
import { lookUpWithDeadline } from '../streams/ip/lookUpWithDeadline.js';
import { oneAtATime, type LookUp } from '../streams/ip/lookUp.js';
import { watchIp } from '../streams/ip/watchIp.js';
import { abortable } from '../streams/operators/abortable.js';
import type { Deps } from './deps.js';

type AskDeps = Pick<Deps, 'clock' | 'lookUps' | 'sourceBreaker'>;
type WatchDeps = AskDeps & Pick<Deps, 'config$' | 'ipSources' | 'outbox' | 'evidence' | 'random'>;

/**
 * The events of the public-IP watch, with the current settings. An override is the IP, and nothing is polled. With
 * `confirmFirst`, a first answer that differs from the announced IP must come in several polls in a row.
 */
export function publicIp(deps: WatchDeps, confirmFirst = false): Observable<SchedulerEvent> {
  const { config$, ipSources, outbox, clock } = deps;
  const announced$ = abortable(() => outbox.announced()).pipe(catchError(() => of(undefined)));
  return config$.pipe(
    map(({ publicIp: settings, network }) => ({ publicIp: settings, network })),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    switchMap((settings): Observable<SchedulerEvent> => {
      const { override, family } = settings.publicIp;
      if (override !== undefined) {
        const confirmed: SchedulerEvent = {
          ...{ kind: 'ip.confirmed', at: clock.wall(), ip: override, agreed: ['override'] },
        };
        return concat(of(confirmed), NEVER);
      }
      const found = { ...settings.publicIp, sources: ipSources(settings), scope: publicScope(family) };
      const ask = askUnder(deps, settings.publicIp);
      return announced$.pipe(
        switchMap((announced) => watchIp({ ...deps, ...clock, ...found, ask, announced, confirmFirst })),
      );
    }),
  );
}

/**
 * One lookup by one source outside this host, as evidence that we are online. It never changes the IP. A source whose
 * `Retry-After` still applies is not used. If the only source already has a running lookup, its answer is shared.
 */
export function pollForEvidence(
  deps: AskDeps & Pick<Deps, 'ipSources' | 'evidence'>,
  config: Config,
): Observable<SchedulerEvent> {
  const { ipSources, evidence, clock, lookUps, sourceBreaker } = deps;
  const scope = publicScope(config.publicIp.family);
  return defer(() => {
    const remote = ipSources(config).filter((source) => source.remote);
    const allowed = sourceBreaker.allowed(remote, clock.steady());
    const source = allowed.find(({ name }) => !lookUps.has(name)) ?? allowed[0];
    if (source === undefined) return EMPTY;
    return askUnder(deps, config.publicIp)(source, undefined).pipe(
      mergeMap((answer): SchedulerEvent[] => {
        const at = clock.wall();
        // There may be one such lookup per second: their timeouts would pause a source for an hour.
        if (answer.ok || answer.retryAfterMs !== undefined) sourceBreaker.record(source.name, answer, clock.steady());
        const ended = answer.ok && evidence.recordAnswer(scope);
        const found = answer.ok ? { result: 'ok' as const, answer: answer.ip } : { result: answer.reason };
        const polled: SchedulerEvent = { kind: 'ip.polled', at, source: source.name, ...found };
        return ended ? [polled, { kind: 'isolation.ended', at, scope }] : [polled];
      }),
    );
  });
}

function askUnder({ clock, lookUps }: AskDeps, { timeoutMs }: Config['publicIp']): LookUp {
  return lookUpWithDeadline({ lookUp: oneAtATime(lookUps, clock.epoch), timeoutMs, epoch: clock.epoch });
}
