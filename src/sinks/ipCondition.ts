import type { EventOf } from '../events.js';

/**
 * The condition of our public IP, which differs if its cause differs. The cause is the set of reasons: which source
 * fails for which reason changes from poll to poll.
 */
export function ipCondition(event: EventOf<'ip.unknown' | 'ip.disagreed' | 'ip.confirmed'>): string {
  switch (event.kind) {
    case 'ip.unknown':
      return inWords(
        'unknown',
        event.failures.map(({ reason }) => reason),
      );
    case 'ip.disagreed':
      return inWords('disagreed', event.answers);
    case 'ip.confirmed':
      return event.ip;
  }
}

function inWords(condition: string, causes: readonly string[]): string {
  return [condition, ...[...new Set(causes)].sort()].join(' ');
}
