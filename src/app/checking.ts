import { concat, defer, from, mergeAll, mergeMap, of, switchMap, take, takeUntil, type Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import { publicScope, type Scope } from '../domain/ip/scope.js';
import type { SchedulerEvent } from '../events.js';
import { draw } from '../streams/operators/draw.js';
import { pull } from '../streams/operators/pull.js';
import type { CheckOptions } from '../streams/sync/checkPeer.js';
import { decide } from '../streams/sync/decide.js';
import type { Question } from '../state/undecided.js';
import type { Deps } from './deps.js';
import { pollForEvidence } from './publicIp.js';
import { syncRequest } from './requests.js';

export type CheckDeps = Pick<
  Deps,
  'book' | 'evidence' | 'undecided' | 'families' | 'post' | 'clock' | 'writeBack' | 'ipSources' | 'busySources'
>;

/** Questions of as many scopes may be under way at once as there are scopes. */
const QUESTIONS = 8;

/** How a peer is checked under the settings given. */
export function checkOptions(deps: CheckDeps, config: Config): CheckOptions {
  return {
    ...deps,
    request: syncRequest(deps, config),
    timeoutMs: config.sync.timeoutMs,
    rules: config.availability,
    allow: config.network.allow,
    polledScope: polledScope(config),
  };
}

/** The result of each check is written before its event goes on. */
export function written({ writeBack }: CheckDeps): (event$: Observable<SchedulerEvent>) => Observable<SchedulerEvent> {
  const written$ = defer(() => from(writeBack.settle())).pipe(mergeAll());
  const isResult = ({ kind }: SchedulerEvent): boolean => kind === 'peer.checked' || kind === 'peer.malformed';
  return mergeMap((event) => (isResult(event) ? concat(written$, of(event)) : of(event)), 1);
}

/** Undecided failures → questions pulled → witnesses asked → results written. Ends with `stop$`, or once none waits. */
export function decisions(
  deps: CheckDeps & Pick<Deps, 'config$' | 'stop$'>,
  untilEmpty = false,
): Observable<SchedulerEvent> {
  const { undecided, config$, stop$ } = deps;
  const work = (question: Question): Observable<SchedulerEvent> =>
    config$.pipe(
      take(1),
      switchMap((config) =>
        decide({ ...checkOptions(deps, config), pollIp: pollForEvidence(deps, config) })(question).pipe(written(deps)),
      ),
    );
  return draw(
    (signal) => undecided.questions(signal, untilEmpty),
    (next$) => pull(next$.pipe(takeUntil(stop$)), work, QUESTIONS),
  );
}

/** The scope that the public-IP poll testifies for: a source outside of this host has to be polled at all. */
function polledScope({ publicIp: { override, sources, family } }: Config): Scope | undefined {
  return override === undefined && sources.some(isRemote) ? publicScope(family) : undefined;
}

function isRemote(source: Config['publicIp']['sources'][number]): boolean {
  return typeof source === 'string' || 'url' in source;
}
