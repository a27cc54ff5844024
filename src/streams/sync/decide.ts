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
import { isAnswer } from '../../domain/call/reasons.js';
import { isEvident } from '../../domain/peer/health.js';
import type { SchedulerEvent } from '../../events.js';
import type { CallEnd } from '../../state/peerBook.js';
import type { Question } from '../../state/undecided.js';
import { checkPeer, onlineIn, recorded, type CheckOptions } from './checkPeer.js';

export interface DecideOptions extends CheckOptions {
  /** One poll of the public IP, recorded as evidence where it is answered. */
  readonly pollIp: Observable<SchedulerEvent>;
  /** Takes in what the registry says of these peers now, so that none is asked that has left or moved. */
  readonly readAgain: (uuids: readonly string[]) => Observable<SchedulerEvent>;
}

/** How many different witnesses one question goes to. */
const WITNESSES = 3;

/**
 * "Is it me?", asked of up to three witnesses at once: peers of the scope in good standing, then the public-IP poll. Calls
 * of the scope that are under way already are part of the question: their results are waited for. With the first answer
 * the failures count; where all stay silent they do not, and the scope is isolated.
 */
export function decide(options: DecideOptions): (question: Question) => Observable<SchedulerEvent> {
  const { book, shares, evidence, undecided, clock, timeoutMs, polledScope, pollIp, readAgain, scheduler } = options;

  return ({ scope, failures }) =>
    defer(() => {
      const heard = new Heard();
      const isDecided = ({ entry }: Question['failures'][number]): boolean =>
        isEvident(entry.health, onlineIn(options, scope, entry.uuid));
      const isAnswered = (): boolean => failures.every(isDecided);

      const conclude = (): Observable<SchedulerEvent> => {
        const ours = failures.filter(({ entry }) => shares.holds(entry.uuid));
        const events = ours.flatMap((failure) => {
          const { uuid } = failure.entry;
          book.end(uuid);
          return recorded(options, failure, onlineIn(options, scope, uuid));
        });
        const withheld = events.some((event) => event.kind === 'peer.checked' && !event.check.counted);
        const peers = book.countIn(scope);
        if (withheld && heard.onlySilence(failures.length) && evidence.recordSilence(scope, peers)) {
          events.push({ kind: 'isolation.began', at: clock.wall(), scope, peers });
        }
        return from(events);
      };

      const underWay = (uuids: readonly string[]): Observable<CallEnd> => {
        const called = new Set(uuids);
        if (called.size === 0) return EMPTY;
        return book.callEnd$.pipe(
          filter(({ uuid }) => called.has(uuid)),
          takeWhile(({ uuid }) => called.delete(uuid) && called.size > 0, true),
          takeUntil(timer(timeoutMs, scheduler)),
        );
      };

      // Somebody may have answered while the question waited.
      if (isAnswered()) return conclude();
      const excluded = new Set(failures.map(({ entry }) => entry.uuid));
      const witnesses = book.witnesses(scope, WITNESSES, evidence.recent(scope), excluded);
      const polled$ = witnesses.length < WITNESSES && scope === polledScope ? pollIp : EMPTY;
      const asked$ = defer((): Observable<SchedulerEvent | CallEnd> => {
        // Or while the registry was read.
        if (isAnswered()) return EMPTY;
        const { called, failed } = book.reservedIn(scope, excluded);
        heard.silent += failed;
        return merge(underWay(called), ...witnesses.map((uuid) => askWitness(options, uuid)), polled$);
      });
      return concat(witnesses.length > 0 ? readAgain(witnesses) : EMPTY, asked$).pipe(
        connect((result$) => {
          const silent$ = result$.pipe(
            tap((result) => {
              heard.note(result);
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
        for (const { entry } of failures) book.end(entry.uuid);
        undecided.decided(scope);
      }),
    );
}

/** What came of those that were asked, where none of them has answered. */
class Heard {
  silent = 0;
  /** Nothing is known of these: a gap of our clock, or a limit of this host, was in the way. */
  #unknown = 0;

  note(result: SchedulerEvent | CallEnd): void {
    if (!isEvent(result)) this.#count(result.silent);
    else if (result.kind === 'peer.discarded') this.#count(false);
    else if (isSilence(result)) this.#count(true);
  }

  /** Whether silence is all there was. Several peers that failed are each other's witnesses where there is no other. */
  onlySilence(failures: number): boolean {
    return this.silent > 0 || (this.#unknown === 0 && failures > 1);
  }

  #count(silent: boolean): void {
    if (silent) this.silent += 1;
    else this.#unknown += 1;
  }
}

function isEvent(result: SchedulerEvent | CallEnd): result is SchedulerEvent {
  return 'kind' in result;
}

function isSilence(event: SchedulerEvent): boolean {
  if (event.kind === 'ip.polled') return event.result !== 'ok';
  return event.kind === 'peer.checked' && !event.check.outcome.ok && !isAnswer(event.check.outcome.reason);
}

/** An ordinary check, except that silence is never held against a witness. */
function askWitness(options: DecideOptions, uuid: string): Observable<SchedulerEvent> {
  return defer(() => {
    const entry = options.book.lastKnown(uuid);
    const lane = options.book.laneOf(uuid);
    return entry === undefined || lane === undefined ? EMPTY : checkPeer(options, lane, 'witness')(entry);
  });
}
