/** The events an operator can subscribe to, by the names that the configuration has for it. */
export const NOTIFY_EVENTS = [
  'isolated',
  'ip-changed',
  'announcement-stuck',
  'peer-down',
  'config-rejected',
  'redis-down',
  'took-over',
] as const;

export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** One notification. */
export interface Message {
  readonly event: NotifyEvent | 'test';
  /** `began`, `changed` and `ended` are of a condition that lasts; what only happens is `happened`. */
  readonly phase: 'began' | 'changed' | 'ended' | 'happened';
  /** `notice` where nobody has to act. */
  readonly level: 'bad' | 'good' | 'notice';
  /** Unix milliseconds. */
  readonly at: number;
  /** When the condition began; undefined where that is not known, or there is none. */
  readonly since: number | undefined;
  readonly title: string;
  readonly text: string;
}

/** The node that a message is about. */
export interface Origin {
  readonly node: string;
  /** What operators call this scheduler. */
  readonly host: string;
}
