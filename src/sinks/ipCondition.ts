import type { EventOf } from '../events.js';

/**
 * What is known of our public IP, as a condition: another one where its cause is another one. Which source fails for
 * which of the reasons changes from poll to poll, so the set of reasons is the cause.
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
