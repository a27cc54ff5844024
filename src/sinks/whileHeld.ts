import type { SchedulerEvent } from '../events.js';
import type { Leadership } from '../state/leadership.js';
import type { Sink } from './sink.js';

/** Events that only the leader reports if replicas share the work, because every replica polls the public IP. */
function isLeaderEvent({ kind }: SchedulerEvent): boolean {
  return kind.startsWith('ip.') || kind === 'replica.joined' || kind === 'replica.left';
}

/** Passes the events of this replica. Events that all replicas have in common pass only in the leader. */
export function withoutLeaderEvents(sink: Sink, leadership: Pick<Leadership, 'leads'>): Sink {
  return {
    accept: (event: SchedulerEvent) => {
      if (leadership.leads || !isLeaderEvent(event)) sink.accept(event);
    },
    get hasUnwritten() {
      return sink.hasUnwritten;
    },
    flush: () => sink.flush(),
  };
}

/** A sink that writes only while this process leads. A standby drops its events. */
export function whileHeld(sink: Sink, leadership: Pick<Leadership, 'leads' | 'standsBy'>): Sink {
  return {
    accept: (event: SchedulerEvent) => {
      if (!leadership.standsBy) sink.accept(event);
    },
    get hasUnwritten() {
      return leadership.leads && sink.hasUnwritten;
    },
    flush: () => (leadership.leads ? sink.flush() : Promise.resolve([])),
  };
}
