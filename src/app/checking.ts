import { mergeAll, Observable, switchMap, take, type MonoTypeOperatorFunction } from 'rxjs';
import type { Config } from '../config/config.js';
import { publicScope, type Scope } from '../domain/ip/scope.js';
import type { SchedulerEvent } from '../events.js';
import { abortable } from '../streams/operators/abortable.js';
import { draw } from '../streams/operators/draw.js';
import { pull } from '../streams/operators/pull.js';
import type { CheckOptions } from '../streams/sync/checkPeer.js';
import { decide } from '../streams/sync/decide.js';
import { readAgain } from '../streams/sync/sweep.js';
import type { Question } from '../state/undecided.js';
import type { Deps } from './deps.js';
import { pollForEvidence } from './publicIp.js';
import { syncRequest } from './requests.js';

export type CheckDeps = Pick<
  Deps,
  | 'book'
  | 'shares'
  | 'evidence'
  | 'undecided'
  | 'families'
  | 'post'
  | 'clock'
  | 'writeBack'
  | 'ipSources'
  | 'lookUps'
  | 'sourceBreaker'
>;

/** One question per scope may run at a time, and there are this many scopes. */
const MAX_QUESTIONS = 8;

/** The options of a check with these settings. */
export function checkOptions(deps: CheckDeps, config: Config): CheckOptions {
  return {
    ...deps,
    request: syncRequest(deps, config),
    timeoutMs: config.sync.timeoutMs,
    rules: config.availability,
    polledScope: polledScope(config),
  };
}

/**
 * Writes the result of each check before its event is passed on. Later events wait for the write, but not the beginning
 * and end of an isolation, which are reported in the order in which they happen. This is written by
 * hand because every check passes here: a `mergeMap` over `concat` and `from` creates seven subscribers per event.
 */
export function writeResults({ writeBack }: CheckDeps): MonoTypeOperatorFunction<SchedulerEvent> {
  return (event$) =>
    new Observable((subscriber) => {
      const waiting: SchedulerEvent[] = [];
      let writing = false;
      let ended = false;
      const fail = (reason: unknown): void => {
        subscriber.error(reason);
      };
      const pass = (): void => {
        for (let event = waiting[0]; !writing && event !== undefined; event = waiting[0]) {
          if (isResult(event)) write(event);
          else subscriber.next(event);
          waiting.shift();
        }
        if (ended && !writing) subscriber.complete();
      };
      const write = (event: SchedulerEvent): void => {
        writing = true;
        writeBack.settle().then((events) => {
          writing = false;
          for (const one of events) subscriber.next(one);
          subscriber.next(event);
          pass();
        }, fail);
      };
      return event$.subscribe({
        next: (event) => {
          // An isolation that begins must not be reported after its end, which may have waited for no write.
          if (isIsolation(event)) {
            subscriber.next(event);
            return;
          }
          waiting.push(event);
          pass();
        },
        error: fail,
        complete: () => {
          ended = true;
          pass();
        },
      });
    });
}

function isIsolation({ kind }: SchedulerEvent): boolean {
  return kind === 'isolation.began' || kind === 'isolation.ended';
}

function isResult({ kind }: SchedulerEvent): boolean {
  return kind === 'peer.checked' || kind === 'peer.malformed';
}

/**
 * Undecided failures → questions pulled → witnesses checked → results written. Ends with `stop$`, or with
 * `untilEmpty` once no failure waits.
 */
export function decisions(
  deps: CheckDeps & Pick<Deps, 'config$' | 'stop$' | 'registry' | 'explain'>,
  untilEmpty = false,
): Observable<SchedulerEvent> {
  const { undecided, config$, stop$ } = deps;
  const work = (question: Question): Observable<SchedulerEvent> =>
    config$.pipe(
      take(1),
      switchMap((config) =>
        decide({
          ...checkOptions(deps, config),
          pollIp: pollForEvidence(deps, config),
          readAgain: (uuids) => abortable(() => readAgain(deps, uuids)).pipe(mergeAll()),
        })(question).pipe(writeResults(deps)),
      ),
    );
  return draw(
    (signal) => undecided.questions(signal, untilEmpty),
    (next$) => pull(next$, work, MAX_QUESTIONS, stop$),
  );
}

/** The scope for which the public-IP poll is evidence. This needs a poll of at least one source outside this host. */
function polledScope({ publicIp: { override, sources, family } }: Config): Scope | undefined {
  return override === undefined && sources.some(isRemote) ? publicScope(family) : undefined;
}

function isRemote(source: Config['publicIp']['sources'][number]): boolean {
  return typeof source === 'string' || 'url' in source;
}
