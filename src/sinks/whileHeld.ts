import type { SchedulerEvent } from '../events.js';
import type { Leadership } from '../state/leadership.js';
import type { Sink } from './sink.js';

/** What a sink writes about the registry is for the one that holds it to write; who stands by has nothing to say. */
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
