import { Observable, timer, type SchedulerLike } from 'rxjs';
import type { Reply } from '../../domain/call/http.js';
import { isAnswer } from '../../domain/call/reasons.js';
import type { Clock } from '../../domain/clock.js';
import { familyOf, type Scope } from '../../domain/ip/scope.js';
import { isEvident, judge, type HealthRules, type Online } from '../../domain/peer/health.js';
import { checkIdentity } from '../../domain/peer/identity.js';
import type { Lane, PeerAddress, PeerHealth, RegistryEntry } from '../../domain/peer/peer.js';
import type { SchedulerEvent } from '../../events.js';
import type { HostFamilies } from '../../state/hostFamilies.js';
import type { OnlineEvidence } from '../../state/onlineEvidence.js';
import type { PeerBook } from '../../state/peerBook.js';
import type { Shares } from '../../state/shares.js';
import type { Undecided, UndecidedFailures } from '../../state/undecided.js';
import { withDeadline, type Exchange } from '../operators/withDeadline.js';

export interface CheckOptions {
  readonly book: PeerBook;
  readonly shares: Pick<Shares, 'mine' | 'holds'>;
  readonly evidence: OnlineEvidence;
  readonly undecided: UndecidedFailures;
  readonly families: HostFamilies;
  readonly clock: Clock;
  /** One `POST /sync`. The deadline is set here. */
  readonly request: (address: PeerAddress) => Observable<Reply>;
  readonly timeoutMs: number;
  readonly rules: HealthRules;
  /** The scope for which the public-IP poll is evidence, if there is such a poll. */
  readonly polledScope: Scope | undefined;
  readonly scheduler?: SchedulerLike;
}

/**
 * Pause of a worker after a call that failed at a limit of this host. Each pause lowers the number of calls in
 * flight, until the host can carry them.
 */
const LOCAL_PAUSE_MS = 1_000;

/**
 * One health check, recorded in the book. Its result is an event. It never errors and never outlasts its deadline. A
 * failure without newer evidence that this host is online goes to `undecided`, and the peer stays reserved. For a
 * witness, silence is not counted.
 */
export function checkPeer(
  options: CheckOptions,
  lane: Lane,
  role: 'checked' | 'witness' = 'checked',
): (entry: RegistryEntry) => Observable<SchedulerEvent> {
  const { book, shares, evidence, undecided, families, clock, request, timeoutMs, scheduler } = options;

  const discarded = (uuid: string, why: 'local' | 'clock-gap'): SchedulerEvent[] => [
    { kind: 'peer.discarded', at: clock.wall(), uuid, why },
  ];

  /**
   * If this host never had the family while the other family works, the peer is unreachable and no witness is
   * needed.
   */
  const lacksFamily = (scope: Scope): boolean => {
    const family = familyOf(scope);
    if (!families.neverHad(family) || !evidence.hasAnswered(family === 'IPv4' ? 'IPv6' : 'IPv4')) return false;
    families.reportMissing(family);
    return true;
  };

  /** Usually this host has no free local port, unless the whole family is missing. */
  const isLocal = (reply: Reply, scope: Scope): boolean =>
    !reply.ok && reply.local === true && !(reply.noRoute === true && !families.has(scope));

  const conclude = ({ entry, scope, epoch }: Call, reply: Reply, tookMs: number): readonly SchedulerEvent[] => {
    const { uuid, health } = entry;
    // Another replica judges a peer whose share has moved there.
    if (!shares.holds(uuid)) return [];
    if (isLocal(reply, scope)) return discarded(uuid, 'local');
    if (clock.epoch() !== epoch) return discarded(uuid, 'clock-gap');
    const outcome = checkIdentity(reply, uuid, tookMs);
    const failure: Undecided = { entry, lane, at: clock.wall(), outcome };
    if (outcome.ok || isAnswer(outcome.reason)) return answered(options, scope, failure);
    if (role === 'witness') return recorded(options, failure, withheld(health));
    if (!reply.ok && reply.noRoute === true && lacksFamily(scope)) {
      const events = recorded(options, failure, NO_WITNESS);
      if (evidence.clearIsolation(scope)) events.push({ kind: 'isolation.ended', at: failure.at, scope });
      return events;
    }
    const online = onlineIn(options, scope, uuid);
    if (isEvident(health, online)) return recorded(options, failure, online);
    book.hold(uuid);
    undecided.add(scope, failure);
    return [{ kind: 'peer.undecided', at: failure.at, lane, uuid, reason: outcome.reason }];
  };

  // This is written by hand because every check passes here: operators create five more subscribers per check.
  return (entry) =>
    new Observable((subscriber) => {
      const { uuid } = entry;
      const target = book.targetOf(entry);
      // The code that reads entries reports a fault of the address.
      if (target === undefined || !shares.mine(uuid) || !book.reserve(uuid)) {
        subscriber.complete();
        return;
      }
      const { address, scope } = target;
      const call = { entry, scope, epoch: clock.epoch() };
      let handedOver = false;
      let silent = false;
      let paused = false;
      const error = (reason: unknown): void => {
        subscriber.error(reason);
      };
      const complete = (): void => {
        subscriber.complete();
      };
      const next = ({ reply, tookMs }: Exchange): void => {
        try {
          for (const event of conclude(call, reply, tookMs)) {
            handedOver ||= event.kind === 'peer.undecided';
            silent ||= isSilence(event);
            subscriber.next(event);
          }
        } catch (reason) {
          error(reason);
        }
        paused = isLocal(reply, scope);
        if (paused) subscriber.add(timer(LOCAL_PAUSE_MS, scheduler).subscribe({ error, complete }));
      };
      const ended = (): void => {
        if (!paused) complete();
      };
      subscriber.add(() => {
        if (!handedOver) book.unreserve(uuid, silent);
      });
      subscriber.add(
        withDeadline(request(address), timeoutMs, clock.steady, scheduler).subscribe({ next, error, complete: ended }),
      );
    });
}

/** A check under way. */
interface Call {
  readonly entry: RegistryEntry;
  readonly scope: Scope;
  /** The epoch of the clock in which it began. */
  readonly epoch: number;
}

/** Whether the event is a check that got no answer at all. */
export function isSilence(event: SchedulerEvent): boolean {
  return event.kind === 'peer.checked' && !event.check.outcome.ok && !isAnswer(event.check.outcome.reason);
}

type JudgeOptions = Pick<CheckOptions, 'book' | 'evidence' | 'clock' | 'rules' | 'polledScope'>;

const NO_WITNESS: Online = { generation: 0, witnesses: false };

/** The evidence that leaves a failure uncounted: no answer since the last counted failure of the peer. */
function withheld({ countedGeneration }: PeerHealth): Online {
  return { generation: countedGeneration, witnesses: true };
}

/** The evidence that this host is online in the scope of the peer. */
export function onlineIn({ book, evidence, polledScope }: JudgeOptions, scope: Scope, uuid: string): Online {
  return {
    generation: evidence.generation(scope),
    witnesses: scope === polledScope || book.hasPeerBeside(uuid, scope),
  };
}

/** Records an answer. An HTTP error status is also evidence that this host is online. */
function answered(options: JudgeOptions, scope: Scope, result: Undecided): SchedulerEvent[] {
  const { uuid } = result.entry;
  const ended = options.evidence.recordAnswer(scope, uuid);
  const events = recorded(options, result, onlineIn(options, scope, uuid));
  if (ended) events.push({ kind: 'isolation.ended', at: result.at, scope });
  return events;
}

/** Judges a result and records it in the book. A result that the book drops changes no state and gives no event. */
export function recorded({ book, rules }: JudgeOptions, result: Undecided, online: Online): SchedulerEvent[] {
  const { entry, lane, at, outcome } = result;
  const { uuid, health: before } = entry;
  const { health, counted } = judge(before, outcome, online, rules);
  if (!book.record(entry, { at, outcome, counted, health })) return [];
  const { state, failures } = health;
  const check = { uuid, at, outcome, counted, before: before.state, state, failures };
  return [{ kind: 'peer.checked', lane, check }];
}
