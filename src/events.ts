import type { CheckOutcome, DeniedClass, Lane, PeerCounts, PeerKind, PeerState } from './domain/peer/peer.js';
import type { AddressFault, FailureReason } from './domain/call/reasons.js';
import type { Holder } from './domain/leader.js';
import type { Family, Scope } from './domain/ip/scope.js';

/** The result of one check. Times are Unix milliseconds. */
export interface CheckRecord {
  readonly uuid: string;
  readonly at: number;
  readonly outcome: CheckOutcome;
  /** False if the failure was not held against the peer, because there is no evidence that this host was online. */
  readonly counted: boolean;
  readonly before: PeerState | undefined;
  readonly state: PeerState | undefined;
  readonly failures: number;
}

export type IpResult = 'ok' | FailureReason;

/** All events of the program in one union. Streams emit them, and sinks see nothing else. */
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
      /** Set if a shutdown cut the round short. */
      readonly aborted: boolean;
      /** The number of calls that never left this host. */
      readonly local: number;
      /** The number of ticks skipped during the round. */
      readonly skipped: number;
      /** Regular lane only: the number of consumers in each state, and of denied ones in each address class. */
      readonly peers?: PeerCounts;
      readonly denied?: Readonly<Partial<Record<DeniedClass, number>>>;
      /**
       * Regular lane with a divided registry only: the number of peers that were gained with shares and are not
       * included in a round yet.
       */
      readonly adopted?: number;
    }
  | { readonly kind: 'peer.checked'; readonly lane: Lane; readonly check: CheckRecord }
  /** A failure that is decided after witnesses were asked. A `peer.checked` follows. */
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
      /** `clock-gap`: the process stood still during the call; `local`: the call never left this host. */
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
  /** `peers`: the number of callable consumers in the scope. */
  | { readonly kind: 'isolation.began'; readonly at: number; readonly scope: Scope; readonly peers: number }
  | {
      readonly kind: 'isolation.ended';
      readonly at: number;
      readonly scope: Scope;
      /** The number of peers left in the scope, if that ended the isolation and not an answer. */
      readonly peers?: number;
    }
  /** This host has no address of the family, so it cannot call these peers. */
  | { readonly kind: 'family.missing'; readonly at: number; readonly family: Family; readonly peers: number }
  | { readonly kind: 'family.found'; readonly at: number; readonly family: Family }
  | { readonly kind: 'clock.gap'; readonly at: number; readonly gapMs: number }
  | {
      readonly kind: 'ip.polled';
      readonly at: number;
      readonly source: string;
      readonly result: IpResult;
      /** The received address. */
      readonly answer?: string;
    }
  | {
      readonly kind: 'ip.unknown';
      readonly at: number;
      /** The sources that were used, with their failures. */
      readonly failures: readonly { readonly source: string; readonly reason: FailureReason }[];
      /** The IP that stays announced, if one is known. */
      readonly known: string | undefined;
    }
  | { readonly kind: 'ip.disagreed'; readonly at: number; readonly answers: readonly string[] }
  /** `agreed`: the sources that agreed, or `override`. */
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
      /** It has acknowledged before, since the change: see `announce.refresh` and `announce.newcomers`. */
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
  /** The result of an attempt that no longer counts: see `Settled`. */
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
  /** The embedded server ended unexpectedly and will be started again. */
  | { readonly kind: 'embedded.ended'; readonly at: number; readonly reason: string; readonly retryInMs: number }
  /** A step succeeded that may have failed before. It is reported each time; the sinks know whether it had failed. */
  | { readonly kind: 'redis.worked'; readonly at: number; readonly what: string }
  /** Results that waited in memory are now in Redis. */
  | { readonly kind: 'redis.caught-up'; readonly at: number; readonly what: string; readonly written: number }
  | { readonly kind: 'heartbeat'; readonly at: number }
  | { readonly kind: 'config.reloaded'; readonly at: number; readonly changed: readonly string[] }
  | { readonly kind: 'config.rejected'; readonly at: number; readonly problems: readonly string[] }
  /** All keys whose new value waits for a restart; empty once they have their old values again. */
  | { readonly kind: 'config.needs-restart'; readonly at: number; readonly keys: readonly string[] }
  /** This process works on the registry from now on. */
  | {
      readonly kind: 'leader.took';
      readonly at: number;
      readonly term: number;
      /**
       * Since the last renewal of the previous holder, in milliseconds; undefined if this process did not wait for
       * one.
       */
      readonly afterMs: number | undefined;
    }
  /** Redis refuses to grant the lease: checks run, their results wait, and nothing is announced. */
  | { readonly kind: 'leader.unwritten'; readonly at: number; readonly reason: string }
  /** Another scheduler works on the registry. */
  | { readonly kind: 'leader.standing-by'; readonly at: number; readonly holder: Holder }
  | { readonly kind: 'leader.lost'; readonly at: number; readonly holder: Holder }
  /** Another replica holds the lease of the registry: it finds our IP and announces it. */
  | { readonly kind: 'leader.other'; readonly at: number; readonly holder: Holder }
  /** The shares held by this replica have changed. */
  | {
      readonly kind: 'shares.changed';
      readonly at: number;
      readonly held: number;
      readonly of: number;
      readonly gained: number;
      readonly lost: number;
    }
  /**
   * Our shares have expired by our own clock while Redis is unreachable. Their checks continue, and nothing is
   * written.
   */
  | { readonly kind: 'shares.doubtful'; readonly at: number; readonly held: number }
  | { readonly kind: 'shares.renewed'; readonly at: number; readonly held: number }
  /** Results that were not written, because another replica now has the share. */
  | { readonly kind: 'verdicts.fenced'; readonly at: number; readonly rows: number }
  | { readonly kind: 'replica.joined'; readonly at: number; readonly instance: string; readonly name: string }
  | { readonly kind: 'replica.left'; readonly at: number; readonly instance: string; readonly name: string }
  /** Our own IP differs from the stored one, which the leader confirms. This replica gives up its shares. */
  | { readonly kind: 'replica.elsewhere'; readonly at: number; readonly ip: string; readonly stored: string }
  | { readonly kind: 'replica.returned'; readonly at: number; readonly ip: string }
  /** The sums over all replicas, reported at each beat. */
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
  /** The status server was called by a host name that is not its own. */
  | { readonly kind: 'status.refused'; readonly at: number; readonly host: string }
  /** A request failed because of a fault of the program. */
  | { readonly kind: 'status.fault'; readonly at: number; readonly path: string; readonly reason: string }
  /** `target`: the entry of `notify`, without its URL. */
  | { readonly kind: 'notification.sent'; readonly at: number; readonly target: string }
  | {
      readonly kind: 'notification.failed';
      readonly at: number;
      readonly target: string;
      readonly reason: FailureReason;
    }
  /** `undeliverable`: refused permanently, or tried for too long; `crowded`: the queue was full. */
  | {
      readonly kind: 'notification.lost';
      readonly at: number;
      readonly target: string;
      readonly count: number;
      readonly why: 'undeliverable' | 'crowded';
    }
  /** The service manager accepted our state again. */
  | { readonly kind: 'service.notified'; readonly at: number }
  /** Our state was not sent: the tool is missing or has failed. */
  | { readonly kind: 'service.unnotified'; readonly at: number; readonly reason: 'missing' | 'failed' }
  | { readonly kind: 'process.stopping'; readonly at: number; readonly signal: string };

export type EventOf<K extends SchedulerEvent['kind']> = Extract<SchedulerEvent, { kind: K }>;
