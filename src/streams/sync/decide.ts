import {
  concat,
  connect,
  defer,
  EMPTY,
  filter,
  finalize,
  from,
  ignoreElements,
  merge,
  takeUntil,
  takeWhile,
  tap,
  timer,
  type Observable,
} from 'rxjs';
import { isEvident } from '../../domain/peer/health.js';
import type { SchedulerEvent } from '../../events.js';
import type { CallEnd } from '../../state/peerBook.js';
import type { Question } from '../../state/undecided.js';
import { checkPeer, isSilence, onlineIn, recorded, type CheckOptions } from './checkPeer.js';

export interface DecideOptions extends CheckOptions {
  /** One poll of the public IP. An answer is recorded as evidence. */
  readonly pollIp: Observable<SchedulerEvent>;
  /** Reads these peers from the registry again, so that no peer is called that has left or moved. */
  readonly readAgain: (uuids: readonly string[]) => Observable<SchedulerEvent>;
}

/** The number of witnesses for one question. */
const WITNESSES = 3;

/**
 * "Is it me?": calls up to three witnesses at once, first available peers of the scope, then the public-IP poll. Peers of
 * the scope that already have a call in flight are witnesses too: the question waits for their results. With the first
 * answer the failures count. If all stay silent, the failures do not count and the scope is isolated.
 */
export function decide(options: DecideOptions): (question: Question) => Observable<SchedulerEvent> {
  const { book, shares, evidence, undecided, clock, timeoutMs, polledScope, pollIp, readAgain, scheduler } = options;

  return ({ scope, failures }) =>
    defer(() => {
      const results = new WitnessResults();
      const isDecided = ({ entry }: Question['failures'][number]): boolean =>
        isEvident(entry.health, onlineIn(options, scope, entry.uuid));
      const isAnswered = (): boolean => failures.every(isDecided);

      const conclude = (): Observable<SchedulerEvent> => {
        const ours = failures.filter(({ entry }) => shares.holds(entry.uuid));
        const events = ours.flatMap((failure) => {
          const { uuid } = failure.entry;
          book.unreserve(uuid);
          return recorded(options, failure, onlineIn(options, scope, uuid));
        });
        const withheld = events.some((event) => event.kind === 'peer.checked' && !event.check.counted);
        const peers = book.countIn(scope);
        if (withheld && results.showIsolation(failures.length) && evidence.recordSilence(scope, peers)) {
          events.push({ kind: 'isolation.began', at: clock.wall(), scope, peers });
        }
        return from(events);
      };

      const callsInFlight = (uuids: readonly string[]): Observable<CallEnd> => {
        const called = new Set(uuids);
        if (called.size === 0) return EMPTY;
        return book.callEnd$.pipe(
          filter(({ uuid }) => called.has(uuid)),
          takeWhile(({ uuid }) => called.delete(uuid) && called.size > 0, true),
          takeUntil(timer(timeoutMs, scheduler)),
        );
      };

      // An answer may have arrived while the question waited.
      if (isAnswered()) return conclude();
      const excluded = new Set(failures.map(({ entry }) => entry.uuid));
      const witnesses = book.witnesses(scope, WITNESSES, evidence.recent(scope), excluded);
      const polled$ = witnesses.length < WITNESSES && scope === polledScope ? pollIp : EMPTY;
      const asked$ = defer((): Observable<SchedulerEvent | CallEnd> => {
        // Another one may have arrived while the registry was read.
        if (isAnswered()) return EMPTY;
        const { called, failed } = book.reservedIn(scope, excluded);
        results.silent += failed;
        return merge(callsInFlight(called), ...witnesses.map((uuid) => askWitness(options, uuid)), polled$);
      });
      return concat(witnesses.length > 0 ? readAgain(witnesses) : EMPTY, asked$).pipe(
        connect((result$) => {
          const silent$ = result$.pipe(
            tap((result) => {
              results.record(result);
            }),
            // eslint-disable-next-line rxjs-x/no-ignored-takewhile-value -- what the result brought is in the evidence
            takeWhile(() => !isAnswered()),
            ignoreElements(),
          );
          return merge(result$.pipe(filter(isEvent)), concat(silent$, defer(conclude)));
        }),
      );
    }).pipe(
      finalize(() => {
        for (const { entry } of failures) book.unreserve(entry.uuid);
        undecided.decided(scope);
      }),
    );
}

/** The results of the witnesses, while none of them has answered. */
class WitnessResults {
  silent = 0;
  /** Results that were discarded because of a clock gap or a limit of this host. */
  #discarded = 0;

  record(result: SchedulerEvent | CallEnd): void {
    if (!isEvent(result)) this.#count(result.silent);
    else if (result.kind === 'peer.discarded') this.#count(false);
    else if (isSilence(result) || isFailedPoll(result)) this.#count(true);
  }

  /** Whether a witness was silent. Several failed peers are each other's witnesses if there is no other. */
  showIsolation(failures: number): boolean {
    return this.silent > 0 || (this.#discarded === 0 && failures > 1);
  }

  #count(silent: boolean): void {
    if (silent) this.silent += 1;
    else this.#discarded += 1;
  }
}

function isEvent(result: SchedulerEvent | CallEnd): result is SchedulerEvent {
  return 'kind' in result;
}

function isFailedPoll(event: SchedulerEvent): boolean {
  return event.kind === 'ip.polled' && event.result !== 'ok';
}

/** An ordinary check, except that silence is never held against a witness. */
function askWitness(options: DecideOptions, uuid: string): Observable<SchedulerEvent> {
  return defer(() => {
    const entry = options.book.lastKnown(uuid);
    const lane = options.book.laneOf(uuid);
    return entry === undefined || lane === undefined ? EMPTY : checkPeer(options, lane, 'witness')(entry);
  });
}
