import type { DeniedClass, PeerCounts } from '../domain/peer/peer.js';
import type { Family, Scope } from '../domain/ip/scope.js';

export interface Counted {
  readonly count: number;
  readonly of: number;
}

/** A condition and when it began, in Unix milliseconds. */
export interface Condition {
  readonly since: number;
  readonly text: string;
}

/**
 * What is known of this node at one moment: what the sentence and the problems are drawn from. The daemon fills it from
 * memory, a command from Redis; what a command can't know is undefined. Times are Unix milliseconds.
 */
export interface Picture {
  readonly now: number;
  readonly role: 'leader' | 'standby' | 'member';
  /** Whether another scheduler is known to work on the registry. */
  readonly otherWorks: boolean;
  /** The shares of the registry that it has; undefined where that is not divided. */
  readonly shares?: { readonly held: number; readonly of: number; readonly elsewhere: boolean } | undefined;
  readonly host: string;
  readonly pid: number | undefined;
  /** When the process started. */
  readonly startedAt: number | undefined;
  /** The newest sign of life. */
  readonly heartbeatAt: number | undefined;
  /** Whether it has ended as it should. */
  readonly stopped: boolean;
  readonly redis: {
    readonly up: boolean;
    readonly since: number | undefined;
    readonly reason: string | undefined;
    readonly unwritten: number;
  };
  /** Steps that Redis refuses while it is there. */
  readonly redisFailing: readonly Condition[];
  /** `scope` is undefined where only it is known that we are. */
  readonly isolated: readonly { readonly scope: Scope | undefined; readonly since: number | undefined }[];
  readonly peers: PeerCounts;
  readonly denied: Readonly<Partial<Record<DeniedClass, number>>>;
  /** The most frequent reasons of those that fail, the most frequent first. */
  readonly failing: readonly { readonly reason: string; readonly count: number }[];
  readonly intervalMs: number | undefined;
  readonly round: {
    readonly everFinished: boolean;
    readonly finishedAt: number | undefined;
    readonly skippingSince: number | undefined;
  };
  /** Judged consumers that called us lately; undefined where no entry says when it called. */
  readonly callers: (Counted & { readonly lastAt: number }) | undefined;
  readonly ip: {
    readonly value: string | undefined;
    readonly since: number | undefined;
    /** Set while no source tells it. */
    readonly unknown: Condition | undefined;
    /** Set while the sources contradict each other. */
    readonly disagreed: Condition | undefined;
    readonly held: Condition | undefined;
  };
  readonly producersKnow: Counted | undefined;
  readonly consumersKnow: Counted | undefined;
  /** How long the longest waiting producer has waited, in milliseconds. */
  readonly oldestOwingMs: number | undefined;
  readonly missingFamilies: readonly { readonly family: Family; readonly peers: number; readonly since: number }[];
  readonly hostShortSince: number | undefined;
  readonly clockGap: { readonly at: number; readonly gapMs: number } | undefined;
  readonly configRejected: Condition | undefined;
  readonly needsRestart: Condition | undefined;
  /** Entries of `notify` whose last message could not be delivered. */
  readonly untold: readonly Condition[];
}
