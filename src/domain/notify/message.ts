/** The events that an operator can subscribe to, by their names in the configuration. */
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
  /** `began`, `changed` and `ended` belong to a condition that lasts; `happened` to a single event. */
  readonly phase: 'began' | 'changed' | 'ended' | 'happened';
  /** `notice` if no action is needed. */
  readonly level: 'bad' | 'good' | 'notice';
  /** Unix milliseconds. */
  readonly at: number;
  /** When the condition began; undefined if unknown, or without a condition. */
  readonly since: number | undefined;
  readonly title: string;
  readonly text: string;
}

/** The node that a message is about. */
export interface Origin {
  readonly node: string;
  /** The operator's name for this scheduler. */
  readonly host: string;
}
