import {
  asyncScheduler,
  concat,
  concatMap,
  defer,
  EMPTY,
  from,
  map,
  repeat,
  tap,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { OnlineEvidence } from '../../state/onlineEvidence.js';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import type { SourceBreaker } from '../../state/sourceBreaker.js';
import { confirmed, decide, stillKnown, type Streak } from '../../domain/ip/votes.js';
import type { Scope } from '../../domain/ip/scope.js';
import type { EventOf, SchedulerEvent } from '../../events.js';

export interface WatchIpOptions {
  readonly sources: readonly IpSource[];
  /** Has a deadline and never errors. */
  readonly ask: (source: IpSource, known: string | undefined) => Observable<IpAnswer>;
  /** The last announced IP, if known. It does not confirm anything. */
  readonly announced: string | undefined;
  /** Decides which sources to skip. It is shared by all lookups. */
  readonly sourceBreaker: SourceBreaker;
  readonly intervalMs: number;
  readonly quorum: number;
  readonly confirmations: number;
  /**
   * Whether a first answer that differs from the announced IP must come in `confirmations` polls in a row, however
   * many sources agree. A new leader may be in another network than the previous one.
   */
  readonly confirmFirst?: boolean;
  readonly evidence: OnlineEvidence;
  /** The scope for which an answer is evidence. */
  readonly scope: Scope;
  readonly wall: () => number;
  readonly steady: () => number;
  readonly random: () => number;
  readonly scheduler?: SchedulerLike;
}

/** The fraction of the interval by which a poll may be early or late. */
const JITTER = 0.1;
/** Pause between the polls that confirm one answer. */
const CONFIRM_MS = 2_000;
/** First pause after a failed poll while no address is known. It doubles up to the interval. */
const FIRST_RETRY_MS = 2_000;

interface Polled {
  readonly source: IpSource;
  readonly answer: IpAnswer;
}

/**
 * Polls for our public IP and reports what it has confirmed. One lookup runs at a time, and the next poll is
 * scheduled after the last one has ended. A steady poll uses one source; a new answer from it starts a full round
 * over all sources.
 */
export function watchIp(options: WatchIpOptions): Observable<SchedulerEvent> {
  const { sources, sourceBreaker, intervalMs, evidence, scope, wall, steady, random } = options;
  const { scheduler = asyncScheduler } = options;
  return defer(() => {
    let known: string | undefined;
    let streak: Streak | undefined;
    let turn = 0;
    let failedPolls = 0;
    /** Whether the last result was an unknown address or a disagreement of the sources. */
    let inDoubt = false;
    let pauseMs = 0;

    const poll = (source: IpSource): Observable<Polled> =>
      options.ask(source, known ?? options.announced).pipe(
        tap((answer) => {
          sourceBreaker.record(source.name, answer, steady());
        }),
        map((answer) => ({ source, answer })),
      );

    const report = ({ source, answer }: Polled): SchedulerEvent[] => {
      const at = wall();
      const events: SchedulerEvent[] = [
        answer.ok
          ? { kind: 'ip.polled', at, source: source.name, result: 'ok', answer: answer.ip }
          : { kind: 'ip.polled', at, source: source.name, result: answer.reason },
      ];
      if (source.remote && answer.ok && evidence.recordAnswer(scope))
        events.push({ kind: 'isolation.ended', at, scope });
      return events;
    };

    const conclude = (polled: readonly Polled[]): SchedulerEvent[] => {
      const votes = polled.map(({ source: { name }, answer }) => {
        return { source: name, ip: answer.ok ? answer.ip : undefined };
      });
      const found = stillKnown(votes, known) ?? decide(votes, { ...options, sources: sources.length }, streak);
      const mustConfirm = options.confirmFirst === true && known === undefined && options.announced !== undefined;
      const isNew = found.result === 'address' && found.ip !== options.announced;
      const verdict = mustConfirm && isNew ? confirmed(found, options.confirmations, streak) : found;
      const at = wall();
      streak = verdict.result === 'unconfirmed' ? verdict.streak : undefined;
      failedPolls = verdict.result === 'address' ? 0 : failedPolls + 1;
      pauseMs = pauseAfter(streak !== undefined, known === undefined ? failedPolls : 0);
      if (verdict.result !== 'unconfirmed') inDoubt = verdict.result !== 'address';
      switch (verdict.result) {
        case 'address':
          known = verdict.ip;
          return [{ kind: 'ip.confirmed', at, ip: verdict.ip, agreed: verdict.agreed }];
        case 'unconfirmed':
          return [];
        case 'unknown':
          return [{ kind: 'ip.unknown', at, failures: failuresOf(polled), known }];
        case 'disagree':
          return [{ kind: 'ip.disagreed', at, answers: verdict.answers }];
        default:
          return verdict satisfies never;
      }
    };

    /** The reason of each source without an answer. A source that was skipped has its last reason. */
    const failuresOf = (polled: readonly Polled[]): EventOf<'ip.unknown'>['failures'] =>
      sources.flatMap(({ name }) => {
        const answer = polled.find(({ source }) => source.name === name)?.answer;
        const reason = answer === undefined ? sourceBreaker.reasonOf(name) : answer.ok ? undefined : answer.reason;
        return reason === undefined ? [] : [{ source: name, reason }];
      });

    const pauseAfter = (confirming: boolean, retries: number): number => {
      if (confirming) return CONFIRM_MS;
      const steadyMs = intervalMs * (1 + JITTER * (2 * random() - 1));
      return retries > 0 ? Math.min(FIRST_RETRY_MS * 2 ** (retries - 1), steadyMs) : steadyMs;
    };

    const fullRound = (first: readonly Polled[]): Observable<SchedulerEvent> => {
      const asked = new Set(first.map(({ source }) => source));
      const others = sourceBreaker.allowed(sources, steady()).filter((source) => !asked.has(source));
      const votes: Polled[] = [...first];
      return concat(
        from(others).pipe(
          concatMap(poll),
          tap((vote) => votes.push(vote)),
          concatMap(report),
        ),
        defer(() => conclude(votes)),
      );
    };

    const steadyPoll = (source: IpSource): Observable<SchedulerEvent> =>
      poll(source).pipe(
        concatMap((vote) => {
          // After a doubt, a full round reports its end, like its beginning.
          const unchanged = vote.answer.ok && vote.answer.ip === known && !inDoubt;
          if (unchanged) pauseMs = pauseAfter(false, 0);
          return concat(report(vote), unchanged ? EMPTY : fullRound([vote]));
        }),
      );

    return defer(() => {
      if (known === undefined || streak !== undefined) return fullRound([]);
      const available = sourceBreaker.available(sources, steady());
      const source = available[turn++ % available.length];
      return source === undefined ? fullRound([]) : steadyPoll(source);
    }).pipe(repeat({ delay: () => timer(pauseMs, scheduler) }));
  });
}
