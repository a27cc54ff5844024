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
import type { AddressClass } from '../../domain/ip/address.js';
import type { Clock } from '../../domain/clock.js';
import { readEntry } from '../../domain/peer/entry.js';
import type { OnlineEvidence } from '../../state/onlineEvidence.js';
import type { Reply } from '../../domain/call/http.js';
import { checkIdentity } from '../../domain/peer/identity.js';
import type { CheckOutcome, Lane, PeerAddress, RegistryEntry } from '../../domain/peer/peer.js';
import type { PeerBook } from '../../state/peerBook.js';
import { isAnswer } from '../../domain/call/reasons.js';
import { judge, type HealthRules } from '../../domain/peer/health.js';
import type { SchedulerEvent } from '../../events.js';
import { withDeadline } from '../operators/withDeadline.js';

/** What every check needs, whatever the settings of the moment. */
export interface CheckContext {
  readonly table: PeerBook;
  readonly evidence: OnlineEvidence;
  readonly clock: Clock;
  readonly scheduler?: SchedulerLike;
}

export interface CheckSettings {
  /** One `POST /sync`; its deadline is ours. */
  readonly request: (address: PeerAddress) => Observable<Reply>;
  readonly timeoutMs: number;
  readonly rules: HealthRules;
  readonly allow: readonly AddressClass[];
  /** Whether the public IP is polled somewhere outside, which is a witness of our being online. */
  readonly polled: boolean;
}

/**
 * A worker that met a limit of this host keeps its place for so long: with each that does, fewer calls are under way,
 * until there are no more than the host can carry.
 */
const LOCAL_PAUSE_MS = 1_000;

/** One health check: what it came to is an event, whatever happens; it never errors and never outlasts its deadline. */
export function checkPeer(
  context: CheckContext,
  settings: CheckSettings,
  lane: Lane,
): (entry: RegistryEntry) => Observable<SchedulerEvent> {
  const { table, clock } = context;
  return (entry) =>
    defer(() => {
      const { uuid, stored } = entry;
      const read = readEntry(stored, settings.allow);
      if (!read.ok) return malformed(context, entry, read);
      if (!table.begin(uuid)) return EMPTY;
      const epoch = clock.epoch();
      return withDeadline(settings.request(read.address), settings.timeoutMs, clock.steady, context.scheduler).pipe(
        map(({ reply, tookMs }) => {
          if (!reply.ok && reply.local === true) return 'local';
          if (clock.epoch() !== epoch) return 'clock-gap';
          return checkIdentity(reply, uuid, tookMs);
        }),
        mergeMap((outcome) =>
          typeof outcome === 'string'
            ? discarded(context, uuid, outcome)
            : verdict(context, settings, lane, entry, outcome),
        ),
        finalize(() => {
          table.end(uuid);
        }),
      );
    });
}

function discarded(
  { clock, scheduler }: CheckContext,
  uuid: string,
  why: 'local' | 'clock-gap',
): Observable<SchedulerEvent> {
  const event$ = of<SchedulerEvent>({ kind: 'peer.discarded', at: clock.wall(), uuid, why });
  if (why === 'clock-gap') return event$;
  return concat(event$, timer(LOCAL_PAUSE_MS, scheduler).pipe(ignoreElements()));
}

function verdict(
  { table, evidence, clock }: CheckContext,
  { rules, polled }: CheckSettings,
  lane: Lane,
  entry: RegistryEntry,
  outcome: CheckOutcome,
): Observable<SchedulerEvent> {
  const { uuid, stored, health: before } = entry;
  const at = clock.wall();
  const ended = (outcome.ok || isAnswer(outcome.reason)) && evidence.recordAnswer();
  const { health, counted } = judge(
    before,
    outcome,
    { generation: evidence.generation, witnesses: polled || table.hasWitnessBeside(uuid) },
    rules,
  );
  const began = !outcome.ok && !isAnswer(outcome.reason) && evidence.recordSilence(uuid, counted);
  table.update(entry, health, at);
  const { state, failures } = health;
  const checked: SchedulerEvent = {
    kind: 'peer.checked',
    lane,
    verdict: { uuid, called: stored, at, outcome, counted, before: before.state, state, failures },
  };
  const events: SchedulerEvent[] = [checked];
  if (ended) events.push({ kind: 'isolation.ended', at });
  if (began) events.push({ kind: 'isolation.began', at });
  return from(events);
}

/** Named once: an entry that already carries the mark is passed over in silence. */
function malformed(
  { table, clock }: CheckContext,
  entry: RegistryEntry,
  { error, detail }: { error: 'address-invalid' | 'address-denied'; detail: string },
): Observable<SchedulerEvent> {
  const { uuid, stored, reportedFault, health } = entry;
  const at = clock.wall();
  const state = health.state === undefined ? undefined : 'unavailable';
  table.update(entry, { ...health, state }, at);
  table.mark(uuid, error);
  if (reportedFault === error) return EMPTY;
  return of({ kind: 'peer.malformed', at, peer: 'consumer', uuid, error, detail, stored, before: health.state });
}
