import type { DeniedClass, PeerCounts } from '../domain/peer/peer.js';
import type { Family, Scope } from '../domain/ip/scope.js';

export interface Counted {
  readonly count: number;
  readonly of: number;
}

/** A condition and its begin, in Unix milliseconds. */
export interface Condition {
  readonly since: number;
  readonly text: string;
}

/**
 * The state of this node at one time, the input of the summary and of the problems. The daemon fills it from memory,
 * a command from Redis. A value that a command cannot know is undefined. Times are Unix milliseconds.
 */
export interface Picture {
  readonly now: number;
  readonly role: 'leader' | 'standby' | 'member';
  /** Whether another scheduler is known to work on the registry. */
  readonly otherWorks: boolean;
  /** The shares that it holds; undefined if the registry is not divided. */
  readonly shares?: { readonly held: number; readonly of: number; readonly elsewhere: boolean } | undefined;
  readonly host: string;
  readonly pid: number | undefined;
  /** The start time of the process. */
  readonly startedAt: number | undefined;
  /** The last heartbeat. */
  readonly heartbeatAt: number | undefined;
  /** Whether it has shut down orderly. */
  readonly stopped: boolean;
  readonly redis: {
    readonly up: boolean;
    readonly since: number | undefined;
    readonly reason: string | undefined;
    readonly unwritten: number;
  };
  /** Operations that Redis refuses although it is reachable. */
  readonly redisFailing: readonly Condition[];
  /** `scope` is undefined if only the isolation itself is known. */
  readonly isolated: readonly { readonly scope: Scope | undefined; readonly since: number | undefined }[];
  readonly peers: PeerCounts;
  readonly denied: Readonly<Partial<Record<DeniedClass, number>>>;
  /** The reasons of failing peers, most frequent first. */
  readonly failing: readonly { readonly reason: string; readonly count: number }[];
  readonly intervalMs: number | undefined;
  readonly round: {
    readonly everFinished: boolean;
    readonly finishedAt: number | undefined;
    readonly skippingSince: number | undefined;
  };
  /** Judged consumers that have called us recently; undefined if no entry has the time of a call. */
  readonly callers: (Counted & { readonly lastAt: number }) | undefined;
  readonly ip: {
    readonly value: string | undefined;
    readonly since: number | undefined;
    /** Set while no source answers. */
    readonly unknown: Condition | undefined;
    /** Set while the sources disagree. */
    readonly disagreed: Condition | undefined;
    readonly held: Condition | undefined;
  };
  readonly producersKnow: Counted | undefined;
  readonly consumersKnow: Counted | undefined;
  /** The longest wait of a producer without an ack, in milliseconds. */
  readonly oldestOwingMs: number | undefined;
  readonly missingFamilies: readonly { readonly family: Family; readonly peers: number; readonly since: number }[];
  readonly hostShortSince: number | undefined;
  readonly clockGap: { readonly at: number; readonly gapMs: number } | undefined;
  readonly configRejected: Condition | undefined;
  readonly needsRestart: Condition | undefined;
  /** Entries of `notify` whose last message could not be delivered. */
  readonly failingNotifications: readonly Condition[];
}
