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
import { canonical } from '../domain/ip/address.js';
import { publicScope } from '../domain/ip/scope.js';
import type { SchedulerEvent } from '../events.js';
import { asking } from '../streams/ip/askSource.js';
import { oneAtATime, type LookUp } from '../streams/ip/lookUp.js';
import { watchIp } from '../streams/ip/watchIp.js';
import { abortable } from '../streams/operators/abortable.js';
import type { Deps } from './deps.js';

type AskDeps = Pick<Deps, 'clock' | 'lookUps' | 'sourceBreaker'>;
type WatchDeps = AskDeps & Pick<Deps, 'config$' | 'ipSources' | 'outbox' | 'evidence' | 'random'>;

/**
 * What the watch of our public IP finds, under the settings of the moment. An override is the IP: nothing is polled. `wary`:
 * a first answer that is not the announced one has to be found in several polls in a row.
 */
export function publicIp(deps: WatchDeps, wary = false): Observable<SchedulerEvent> {
  const { config$, ipSources, outbox, clock } = deps;
  const announced$ = abortable(() => outbox.announced()).pipe(catchError(() => of(undefined)));
  return config$.pipe(
    map(({ publicIp: settings, network }) => ({ publicIp: settings, network })),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    switchMap((settings): Observable<SchedulerEvent> => {
      const { override, family } = settings.publicIp;
      if (override !== undefined) {
        const ip = canonical(override);
        return concat(of<SchedulerEvent>({ kind: 'ip.confirmed', at: clock.wall(), ip, agreed: ['override'] }), NEVER);
      }
      const found = { ...settings.publicIp, sources: ipSources(settings), scope: publicScope(family) };
      const ask = askUnder(deps, settings.publicIp);
      return announced$.pipe(switchMap((announced) => watchIp({ ...deps, ...clock, ...found, ask, announced, wary })));
    }),
  );
}

/**
 * One lookup by one source outside of this host, as evidence that we are online; it never changes the IP. A source that
 * asked to be left alone is; where the only one is being asked already, its answer is shared.
 */
export function pollForEvidence(
  deps: AskDeps & Pick<Deps, 'ipSources' | 'evidence'>,
  config: Config,
): Observable<SchedulerEvent> {
  const { ipSources, evidence, clock, lookUps, sourceBreaker } = deps;
  const scope = publicScope(config.publicIp.family);
  return defer(() => {
    const remote = ipSources(config).filter((source) => source.remote);
    const willing = sourceBreaker.willing(remote, clock.steady());
    const source = willing.find(({ name }) => !lookUps.has(name)) ?? willing[0];
    if (source === undefined) return EMPTY;
    return askUnder(deps, config.publicIp)(source, undefined).pipe(
      mergeMap((answer): SchedulerEvent[] => {
        const at = clock.wall();
        // Questions come as often as once a second: their silences would let a source rest for hours.
        if (answer.ok || answer.retryAfterMs !== undefined) sourceBreaker.note(source.name, answer, clock.steady());
        const ended = answer.ok && evidence.recordAnswer(scope);
        const found = answer.ok ? { result: 'ok' as const, answer: answer.ip } : { result: answer.reason };
        const polled: SchedulerEvent = { kind: 'ip.polled', at, source: source.name, ...found };
        return ended ? [polled, { kind: 'isolation.ended', at, scope }] : [polled];
      }),
    );
  });
}

function askUnder({ clock, lookUps }: AskDeps, { timeoutMs }: Config['publicIp']): LookUp {
  return asking({ lookUp: oneAtATime(lookUps, clock.epoch), timeoutMs, epoch: clock.epoch });
}
