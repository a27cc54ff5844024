import {
  concat,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  map,
  mergeMap,
  of,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Reply } from '../../domain/call/http.js';
import { isAnswer, type AddressFault } from '../../domain/call/reasons.js';
import type { Clock } from '../../domain/clock.js';
import type { AddressClass } from '../../domain/ip/address.js';
import { readEntry } from '../../domain/peer/entry.js';
import { judge, type HealthRules } from '../../domain/peer/health.js';
import { checkIdentity } from '../../domain/peer/identity.js';
import type { CheckOutcome, Lane, PeerAddress, RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import type { OnlineEvidence } from '../../state/onlineEvidence.js';
import type { PeerBook } from '../../state/peerBook.js';
import { withDeadline } from '../operators/withDeadline.js';

export interface CheckOptions {
  readonly book: PeerBook;
  readonly evidence: OnlineEvidence;
  readonly clock: Clock;
  /** One `POST /sync`; the deadline is set here. */
  readonly request: (address: PeerAddress) => Observable<Reply>;
  readonly timeoutMs: number;
  readonly rules: HealthRules;
  readonly allow: readonly AddressClass[];
  /** Whether the public IP is polled outside of this host, which is a witness of our being online. */
  readonly polled: boolean;
  readonly scheduler?: SchedulerLike;
}

/**
 * A worker that met a limit of this host pauses for so long: with each that does, fewer calls are under way, until there
 * are no more than the host can carry.
 */
const LOCAL_PAUSE_MS = 1_000;

/** One health check, recorded in the book. Its result is an event; it never errors and never outlasts its deadline. */
export function checkPeer(options: CheckOptions, lane: Lane): (entry: RegistryEntry) => Observable<SchedulerEvent> {
  const { book, evidence, clock, request, timeoutMs, rules, allow, polled, scheduler } = options;

  const discarded = (uuid: string, why: 'local' | 'clock-gap'): Observable<SchedulerEvent> => {
    const event$ = of<SchedulerEvent>({ kind: 'peer.discarded', at: clock.wall(), uuid, why });
    if (why === 'clock-gap') return event$;
    return concat(event$, timer(LOCAL_PAUSE_MS, scheduler).pipe(ignoreElements()));
  };

  const checked = (entry: RegistryEntry, outcome: CheckOutcome): Observable<SchedulerEvent> => {
    const { uuid, health: before } = entry;
    const at = clock.wall();
    const answered = outcome.ok || isAnswer(outcome.reason);
    const ended = answered && evidence.recordAnswer();
    const online = { generation: evidence.generation, witnesses: polled || book.hasWitnessBeside(uuid) };
    const { health, counted } = judge(before, outcome, online, rules);
    const began = !answered && evidence.recordSilence(uuid, counted);
    book.record(entry, { at, outcome, counted, health });
    const { state, failures } = health;
    const check = { uuid, at, outcome, counted, before: before.state, state, failures };
    const events: SchedulerEvent[] = [{ kind: 'peer.checked', lane, check }];
    if (ended) events.push({ kind: 'isolation.ended', at });
    if (began) events.push({ kind: 'isolation.began', at });
    return from(events);
  };

  /** Named once: an entry whose fault is known already is passed over in silence. */
  const malformed = (entry: RegistryEntry, error: AddressFault, detail: string): Observable<SchedulerEvent> => {
    const { uuid, reportedFault } = entry;
    if (reportedFault === error) return EMPTY;
    const at = clock.wall();
    book.recordFault(entry, error, at);
    return of({ kind: 'peer.malformed', at, peer: 'consumer', uuid, error, detail });
  };

  return (entry) =>
    defer(() => {
      const { uuid, stored } = entry;
      const read = readEntry(stored, allow);
      if (!read.ok) return malformed(entry, read.error, read.detail);
      if (!book.begin(uuid)) return EMPTY;
      const epoch = clock.epoch();
      return withDeadline(request(read.address), timeoutMs, clock.steady, scheduler).pipe(
        map(({ reply, tookMs }) => {
          if (!reply.ok && reply.local === true) return 'local';
          if (clock.epoch() !== epoch) return 'clock-gap';
          return checkIdentity(reply, uuid, tookMs);
        }),
        mergeMap((result) => (typeof result === 'string' ? discarded(uuid, result) : checked(entry, result))),
        finalize(() => {
          book.end(uuid);
        }),
      );
    });
}
