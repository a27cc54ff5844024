import type { CheckOutcome, DeniedClass, Lane, PeerCounts, PeerKind, PeerState } from './domain/peer/peer.js';
import type { AddressFault, FailureReason } from './domain/call/reasons.js';
import type { Holder } from './domain/leader.js';
import type { Family, Scope } from './domain/ip/scope.js';

/** What one check of a peer found. Times are Unix milliseconds. */
export interface CheckRecord {
  readonly uuid: string;
  readonly at: number;
  readonly outcome: CheckOutcome;
  /** False where the failure could not be held against the peer, since nothing shows that we were online. */
  readonly counted: boolean;
  readonly before: PeerState | undefined;
  readonly state: PeerState | undefined;
  readonly failures: number;
}

export type IpResult = 'ok' | FailureReason;

/** Everything that happens in the program, in one union: what the streams say and all that the sinks see. */
export type SchedulerEvent =
  | { readonly kind: 'round.started'; readonly at: number; readonly lane: Lane; readonly round: number }
  | { readonly kind: 'round.skipped'; readonly at: number; readonly lane: Lane }
  | {
      readonly kind: 'round.finished';
      readonly at: number;
      readonly lane: Lane;
      readonly round: number;
      readonly tookMs: number;
      readonly ok: number;
      readonly failed: number;
      /** Set where shutdown cut the round short. */
      readonly aborted: boolean;
      /** How many calls never left this host. */
      readonly local: number;
      /** How many ticks came and were skipped while it was under way. */
      readonly skipped: number;
      /** Of the regular lane: how many consumers are in each state, and of the denied ones in each class of address. */
      readonly peers?: PeerCounts;
      readonly denied?: Readonly<Partial<Record<DeniedClass, number>>>;
      /**
       * Of the regular lane, where the registry is divided: how many came with shares, and are not due in a round yet.
       */
      readonly adopted?: number;
    }
  | { readonly kind: 'peer.checked'; readonly lane: Lane; readonly check: CheckRecord }
  /** A failure for which witnesses are asked first; a `peer.checked` follows. */
  | {
      readonly kind: 'peer.undecided';
      readonly at: number;
      readonly lane: Lane;
      readonly uuid: string;
      readonly reason: FailureReason;
    }
  | {
      readonly kind: 'peer.discarded';
      readonly at: number;
      readonly uuid: string;
      /** `clock-gap`: we stood still across the call; `local`: it never left this host. */
      readonly why: 'clock-gap' | 'local';
    }
  | {
      readonly kind: 'peer.malformed';
      readonly at: number;
      readonly peer: PeerKind;
      readonly uuid: string;
      readonly error: AddressFault;
      /** For the log: short, and escaped. */
      readonly detail: string;
    }
  /** `peers`: how many consumers of the scope can be called. */
  | { readonly kind: 'isolation.began'; readonly at: number; readonly scope: Scope; readonly peers: number }
  | { readonly kind: 'isolation.ended'; readonly at: number; readonly scope: Scope }
  /** This host has no address of the family, and so can't call these peers. */
  | { readonly kind: 'family.missing'; readonly at: number; readonly family: Family; readonly peers: number }
  | { readonly kind: 'family.found'; readonly at: number; readonly family: Family }
  | { readonly kind: 'clock.gap'; readonly at: number; readonly gapMs: number }
  | {
      readonly kind: 'ip.polled';
      readonly at: number;
      readonly source: string;
      readonly result: IpResult;
      /** The address that it was sent. */
      readonly answer?: string;
    }
  | {
      readonly kind: 'ip.unknown';
      readonly at: number;
      /** The sources that were asked, and what each failed with. */
      readonly failures: readonly { readonly source: string; readonly reason: FailureReason }[];
      /** The IP that stays in force, if one is known. */
      readonly known: string | undefined;
    }
  | { readonly kind: 'ip.disagreed'; readonly at: number; readonly answers: readonly string[] }
  /** `agreed`: the sources that it rests on, or `override`. */
  | { readonly kind: 'ip.confirmed'; readonly at: number; readonly ip: string; readonly agreed: readonly string[] }
  | { readonly kind: 'ip.held'; readonly at: number; readonly ip: string; readonly quietMs: number }
  | {
      readonly kind: 'ip.changed';
      readonly at: number;
      readonly ip: string;
      readonly previous: string | undefined;
      readonly producers: number;
    }
  | {
      readonly kind: 'announcement.acknowledged';
      readonly at: number;
      readonly uuid: string;
      readonly ip: string;
      readonly attempts: number;
      /** It has done so before, since the change: see `announce.refresh` and `announce.newcomers`. */
      readonly again: boolean;
    }
  /** Producers that are sent the current IP although it has not changed. */
  | {
      readonly kind: 'announcements.added';
      readonly at: number;
      readonly ip: string;
      readonly newcomers: number;
      readonly refreshed: number;
    }
  | {
      readonly kind: 'announcement.failed';
      readonly at: number;
      readonly uuid: string;
      readonly ip: string;
      readonly attempts: number;
      readonly reason: FailureReason;
      readonly retryInMs: number;
    }
  /** What an attempt came to, where that counts no longer: see `Settled`. */
  | {
      readonly kind: 'announcement.outdated';
      readonly at: number;
      readonly uuid: string;
      readonly ip: string;
      readonly result: 'ok' | FailureReason;
      readonly why: 'ip' | 'address' | 'left' | 'acknowledged';
    }
  /** The producer left the registry before it acknowledged. */
  | { readonly kind: 'announcement.dropped'; readonly at: number; readonly uuid: string }
  | { readonly kind: 'announcements.complete'; readonly at: number; readonly ip: string }
  | { readonly kind: 'redis.up'; readonly at: number }
  | { readonly kind: 'redis.down'; readonly at: number; readonly reason: string }
  | { readonly kind: 'redis.failed'; readonly at: number; readonly what: string; readonly reason: string }
  /** The embedded server ended though nobody asked it to, and is started again. */
  | { readonly kind: 'embedded.ended'; readonly at: number; readonly reason: string; readonly retryInMs: number }
  /** A step that may have failed before works; said each time, since what failed before is the sinks' to know. */
  | { readonly kind: 'redis.worked'; readonly at: number; readonly what: string }
  /** What had to wait in memory is in Redis now. */
  | { readonly kind: 'redis.caught-up'; readonly at: number; readonly what: string; readonly written: number }
  | { readonly kind: 'heartbeat'; readonly at: number }
  | { readonly kind: 'config.reloaded'; readonly at: number; readonly changed: readonly string[] }
  | { readonly kind: 'config.rejected'; readonly at: number; readonly problems: readonly string[] }
  /** All keys whose new value waits for a restart; none where they have their old values again. */
  | { readonly kind: 'config.needs-restart'; readonly at: number; readonly keys: readonly string[] }
  /** This process works on the registry from now on. */
  | {
      readonly kind: 'leader.took';
      readonly at: number;
      readonly term: number;
      /** Since the last sign of life of the one before, in milliseconds; undefined where nobody was waited for. */
      readonly afterMs: number | undefined;
    }
  /** Redis lets nobody take the lease: checks run, what they find waits, and nothing is announced. */
  | { readonly kind: 'leader.unwritten'; readonly at: number; readonly reason: string }
  /** Another one works on the registry. */
  | { readonly kind: 'leader.standing-by'; readonly at: number; readonly holder: Holder }
  | { readonly kind: 'leader.lost'; readonly at: number; readonly holder: Holder }
  /** Another replica has the lease of the registry: it finds our IP and announces it. */
  | { readonly kind: 'leader.other'; readonly at: number; readonly holder: Holder }
  /** What of the registry is ours to check is another part now: so many shares of so many. */
  | {
      readonly kind: 'shares.changed';
      readonly at: number;
      readonly held: number;
      readonly of: number;
      readonly gained: number;
      readonly lost: number;
    }
  /**
   * Our shares have run out by our own clock, and Redis can't be asked: they are checked on, and nothing is written.
   */
  | { readonly kind: 'shares.doubtful'; readonly at: number; readonly held: number }
  | { readonly kind: 'shares.renewed'; readonly at: number; readonly held: number }
  /** Results that were not written, since another replica has the share by now. */
  | { readonly kind: 'verdicts.fenced'; readonly at: number; readonly rows: number }
  | { readonly kind: 'replica.joined'; readonly at: number; readonly instance: string; readonly name: string }
  | { readonly kind: 'replica.left'; readonly at: number; readonly instance: string; readonly name: string }
  /** Our own IP is not the one that is stored and that the leader has: we give up our shares. */
  | { readonly kind: 'replica.elsewhere'; readonly at: number; readonly ip: string; readonly stored: string }
  | { readonly kind: 'replica.returned'; readonly at: number; readonly ip: string }
  /** How the replicas fare together; said at each beat. */
  | {
      readonly kind: 'replicas.counted';
      readonly at: number;
      readonly replicas: number;
      readonly ok: number;
      readonly failed: number;
      readonly isolated: boolean;
    }
  | { readonly kind: 'status.listening'; readonly at: number; readonly url: string }
  | {
      readonly kind: 'status.failed';
      readonly at: number;
      readonly host: string;
      readonly port: number;
      readonly reason: string;
      readonly retryInMs: number;
    }
  /** The status server was asked under a name that is not its own. */
  | { readonly kind: 'status.refused'; readonly at: number; readonly host: string }
  /** A request could not be answered by a fault of the program. */
  | { readonly kind: 'status.fault'; readonly at: number; readonly path: string; readonly reason: string }
  /** `target`: which entry of `notify`, without its URL. */
  | { readonly kind: 'notification.sent'; readonly at: number; readonly target: string }
  | {
      readonly kind: 'notification.failed';
      readonly at: number;
      readonly target: string;
      readonly reason: FailureReason;
    }
  /** `undeliverable`: refused for good, or tried for too long; `crowded`: too many waited. */
  | {
      readonly kind: 'notification.lost';
      readonly at: number;
      readonly target: string;
      readonly count: number;
      readonly why: 'undeliverable' | 'crowded';
    }
  /** The service manager has taken our state again. */
  | { readonly kind: 'service.notified'; readonly at: number }
  /** It was not: its tool is missing, or has failed. */
  | { readonly kind: 'service.unnotified'; readonly at: number; readonly reason: 'missing' | 'failed' }
  | { readonly kind: 'process.stopping'; readonly at: number; readonly signal: string };

export type EventOf<K extends SchedulerEvent['kind']> = Extract<SchedulerEvent, { kind: K }>;
