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
  /** Under a deadline; never errors. */
  readonly ask: (source: IpSource, known: string | undefined) => Observable<IpAnswer>;
  /** The IP that was announced last, as far as anybody knows; nothing is confirmed by it. */
  readonly announced: string | undefined;
  /** Which sources rest, by whatever they were asked for. */
  readonly sourceBreaker: SourceBreaker;
  readonly intervalMs: number;
  readonly quorum: number;
  readonly confirmations: number;
  /**
   * Whether a first answer that is not the announced one has to come in `confirmations` polls in a row, however many
   * agree: a new leader may stand elsewhere than the one before.
   */
  readonly wary?: boolean;
  readonly evidence: OnlineEvidence;
  /** What an answer testifies for. */
  readonly scope: Scope;
  readonly wall: () => number;
  readonly steady: () => number;
  readonly random: () => number;
  readonly scheduler?: SchedulerLike;
}

/** Share of the interval by which a poll may come early or late. */
const JITTER = 0.1;
/** Pause between the polls that confirm one answer. */
const CONFIRM_MS = 2_000;
/** First pause after a poll in vain while no address is known at all; doubled up to the interval. */
const EAGER_MS = 2_000;

interface Polled {
  readonly source: IpSource;
  readonly answer: IpAnswer;
}

/**
 * Polls for our public IP and says what it has confirmed. One lookup at a time, the next poll armed only after the
 * last one has ended, steady polls of one source each and a full round of all whenever that one says anything new.
 */
export function watchIp(options: WatchIpOptions): Observable<SchedulerEvent> {
  const { sources, sourceBreaker, intervalMs, evidence, scope, wall, steady, random } = options;
  const { scheduler = asyncScheduler } = options;
  return defer(() => {
    let known: string | undefined;
    let streak: Streak | undefined;
    let turn = 0;
    let inVain = 0;
    /** Whether the last result was that the address is unknown, or that the sources disagree. */
    let inDoubt = false;
    let pauseMs = 0;

    const poll = (source: IpSource): Observable<Polled> =>
      options.ask(source, known ?? options.announced).pipe(
        tap((answer) => {
          sourceBreaker.note(source.name, answer, steady());
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
      const doubts = options.wary === true && known === undefined && options.announced !== undefined;
      const isNew = found.result === 'address' && found.ip !== options.announced;
      const verdict = doubts && isNew ? confirmed(found, options.confirmations, streak) : found;
      const at = wall();
      streak = verdict.result === 'unconfirmed' ? verdict.streak : undefined;
      inVain = verdict.result === 'address' ? 0 : inVain + 1;
      pauseMs = pauseAfter(streak !== undefined, known === undefined ? inVain : 0);
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

    /** Why there is no answer: of each source that was asked, and of those left alone why they failed last. */
    const failuresOf = (polled: readonly Polled[]): EventOf<'ip.unknown'>['failures'] =>
      sources.flatMap(({ name }) => {
        const answer = polled.find(({ source }) => source.name === name)?.answer;
        const reason = answer === undefined ? sourceBreaker.reasonOf(name) : answer.ok ? undefined : answer.reason;
        return reason === undefined ? [] : [{ source: name, reason }];
      });

    const pauseAfter = (confirming: boolean, eager: number): number => {
      if (confirming) return CONFIRM_MS;
      const steadyMs = intervalMs * (1 + JITTER * (2 * random() - 1));
      return eager > 0 ? Math.min(EAGER_MS * 2 ** (eager - 1), steadyMs) : steadyMs;
    };

    const fullRound = (first: readonly Polled[]): Observable<SchedulerEvent> => {
      const asked = new Set(first.map(({ source }) => source));
      const others = sourceBreaker.willing(sources, steady()).filter((source) => !asked.has(source));
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
          // After a doubt all are asked, so that the same vote tells its end that told its beginning.
          const unchanged = vote.answer.ok && vote.answer.ip === known && !inDoubt;
          if (unchanged) pauseMs = pauseAfter(false, 0);
          return concat(report(vote), unchanged ? EMPTY : fullRound([vote]));
        }),
      );

    return defer(() => {
      if (known === undefined || streak !== undefined) return fullRound([]);
      const awake = sourceBreaker.awake(sources, steady());
      const source = awake[turn++ % awake.length];
      return source === undefined ? fullRound([]) : steadyPoll(source);
    }).pipe(repeat({ delay: () => timer(pauseMs, scheduler) }));
  });
}
