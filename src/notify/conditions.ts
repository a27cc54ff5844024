import type { FailureReason } from '../domain/call/reasons.js';
import type { NotifyEvent } from '../domain/notify/message.js';
import { span } from '../domain/text/ago.js';
import { counted } from '../domain/text/words.js';
import type { EventOf } from '../events.js';

/** A problem that lasts, with its texts. */
export interface Condition {
  readonly event: NotifyEvent;
  readonly since: number;
  /** A message is sent if this differs from the last one sent. */
  readonly cause: string;
  readonly title: string;
  readonly text: string;
  /** The title of the message about its end. */
  readonly over: string;
}

/** The log has the full list of problems of a file. */
const MAX_TEXT = 1_000;

export function redisCondition({ at, reason }: EventOf<'redis.down'>): Condition {
  return {
    event: 'redis-down',
    since: at,
    cause: reason,
    title: "Redis can't be used",
    text: `${reason}. Checks go on and results wait in memory, but no IP change is announced.`,
    over: 'Redis is there again',
  };
}

export function configCondition({ at, problems }: EventOf<'config.rejected'>): Condition {
  const text = problems.join('; ');
  return {
    event: 'config-rejected',
    since: at,
    cause: text,
    title: 'the new configuration is ignored',
    text: text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text,
    over: 'the configuration is valid again',
  };
}

export function isolatedCondition({ at, scope }: EventOf<'isolation.began'>): Condition {
  return {
    event: 'isolated',
    since: at,
    cause: scope,
    title: `we seem to be offline over ${scope}`,
    text: `No witness answers over ${scope}, so failures there are held against nobody. Check the line, the router, the DNS and the firewall of this host.`,
    over: `we no longer seem to be offline over ${scope}`,
  };
}

/** `unacknowledged`: the producers without an ack for too long. */
export function announcementCondition(
  ip: string,
  unacknowledged: readonly { readonly since: number; readonly reason: FailureReason }[],
  now: number,
): Condition {
  const since = Math.min(...unacknowledged.map((one) => one.since));
  const reasons = [...new Set(unacknowledged.map(({ reason }) => reason))].sort().join(', ');
  const have = unacknowledged.length === 1 ? 'has' : 'have';
  return {
    event: 'announcement-stuck',
    since,
    cause: ip,
    title: `${counted(unacknowledged.length, 'producer')} ${have} not acknowledged our IP`,
    text: `${ip} has been announced in vain for ${span(now - since)} (${reasons}). They are tried again for as long as they are registered.`,
    over: 'no producer keeps our IP waiting any more',
  };
}
