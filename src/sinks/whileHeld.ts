import type { SchedulerEvent } from '../events.js';
import type { Leadership } from '../state/leadership.js';
import type { Sink } from './sink.js';

/** What is the leader's to tell, where several share the registry: each of them polls the public IP. */
function isOfLeader({ kind }: SchedulerEvent): boolean {
  return kind.startsWith('ip.') || kind === 'replica.joined' || kind === 'replica.left';
}

/** A sink in which each replica tells what is its own, and the leader alone what they would all tell. */
export function ofReplica(sink: Sink, leadership: Pick<Leadership, 'leads'>): Sink {
  return {
    accept: (event: SchedulerEvent) => {
      if (leadership.leads || !isOfLeader(event)) sink.accept(event);
    },
    get waits() {
      return sink.waits;
    },
    flush: () => sink.flush(),
  };
}

/** Only the holder of the registry writes what a sink says about it; a standby drops it. */
export function whileHeld(sink: Sink, leadership: Pick<Leadership, 'leads' | 'standsBy'>): Sink {
  return {
    accept: (event: SchedulerEvent) => {
      if (!leadership.standsBy) sink.accept(event);
    },
    get waits() {
      return leadership.leads && sink.waits;
    },
    flush: () => (leadership.leads ? sink.flush() : Promise.resolve([])),
  };
}
