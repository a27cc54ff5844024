import { concat, connect, defer, EMPTY, finalize, from, ignoreElements, merge, takeWhile, type Observable } from 'rxjs';
import { isEvident } from '../../domain/peer/health.js';
import type { SchedulerEvent } from '../../events.js';
import type { Question } from '../../state/undecided.js';
import { checkPeer, onlineIn, recorded, type CheckOptions } from './checkPeer.js';

export interface DecideOptions extends CheckOptions {
  /** One poll of the public IP. An answer is recorded as evidence. */
  readonly pollIp: Observable<SchedulerEvent>;
  /** Reads these peers from the registry again, so that no peer is called that has left or moved. */
  readonly readAgain: (uuids: readonly string[]) => Observable<SchedulerEvent>;
}

/** The number of witnesses for one question. */
const WITNESSES = 3;

/**
 * "Is it me?": calls up to three witnesses at once, first available peers of the scope, then the public-IP poll.
 * With the first answer the failures count. If all stay silent, the failures do not count and the scope is isolated.
 */
export function decide(options: DecideOptions): (question: Question) => Observable<SchedulerEvent> {
  const { book, shares, evidence, undecided, clock, polledScope, pollIp, readAgain } = options;

  return ({ scope, failures }) =>
    defer(() => {
      const isDecided = ({ entry }: Question['failures'][number]): boolean =>
        isEvident(entry.health, onlineIn(options, scope, entry.uuid));

      const conclude = (): Observable<SchedulerEvent> => {
        const ours = failures.filter(({ entry }) => shares.holds(entry.uuid));
        const events = ours.map((failure) => {
          const { uuid } = failure.entry;
          book.unreserve(uuid);
          return recorded(options, failure, onlineIn(options, scope, uuid));
        });
        const withheld = events.some((event) => event.kind === 'peer.checked' && !event.check.counted);
        if (withheld && evidence.recordSilence(scope)) {
          events.push({ kind: 'isolation.began', at: clock.wall(), scope, peers: book.countIn(scope) });
        }
        return from(events);
      };

      // An answer may have arrived while the question waited.
      if (failures.every(isDecided)) return conclude();
      const excluded = new Set(failures.map(({ entry }) => entry.uuid));
      const witnesses = book.witnesses(scope, WITNESSES, evidence.recent(scope), excluded);
      const ask$ = witnesses.map((uuid) => askWitness(options, uuid));
      const answer$ = concat(witnesses.length > 0 ? readAgain(witnesses) : EMPTY, merge(...ask$));
      const polled$ = witnesses.length < WITNESSES && scope === polledScope ? pollIp : EMPTY;
      return merge(answer$, polled$).pipe(
        connect((event$) => {
          const silent$ = event$.pipe(
            // eslint-disable-next-line rxjs-x/no-ignored-takewhile-value -- what the event brought is in the evidence
            takeWhile(() => !failures.every(isDecided)),
            ignoreElements(),
          );
          return merge(event$, concat(silent$, defer(conclude)));
        }),
      );
    }).pipe(
      finalize(() => {
        for (const { entry } of failures) book.unreserve(entry.uuid);
        undecided.decided(scope);
      }),
    );
}

/** An ordinary check, except that silence is never held against a witness. */
function askWitness(options: DecideOptions, uuid: string): Observable<SchedulerEvent> {
  return defer(() => {
    const entry = options.book.lastKnown(uuid);
    const lane = options.book.laneOf(uuid);
    return entry === undefined || lane === undefined ? EMPTY : checkPeer(options, lane, 'witness')(entry);
  });
}
