import type { Message } from '../domain/notify/message.js';
import { counted, duration } from '../domain/text/words.js';
import type { SchedulerEvent } from '../events.js';

/** The message about a single event; undefined if there is none. `stoodBy` is the state before the event. */
export function eventMessage(event: SchedulerEvent, stoodBy: boolean): Message | undefined {
  switch (event.kind) {
    case 'ip.changed': {
      const { at, ip, previous, producers } = event;
      const before = previous === undefined ? 'None was known before' : `It was ${previous} before`;
      return once('ip-changed', at, `our public IP is ${ip}`, `${before}; ${counted(producers, 'producer')} to tell.`);
    }
    case 'leader.took': {
      const { at, term, afterMs } = event;
      if (!stoodBy) return undefined;
      const after = afterMs === undefined ? '' : `, ${duration(afterMs)} after the last sign of life of the one before`;
      return once('took-over', at, 'took over', `This scheduler works on the registry now (term ${term})${after}.`);
    }
    default:
      return undefined;
  }
}

export function testMessage(at: number): Message {
  return {
    ...{ event: 'test', phase: 'happened', level: 'notice', at, since: undefined, title: 'a test' },
    text: 'Somebody has asked for a test of the notifications. Nothing has happened.',
  };
}

function once(event: 'ip-changed' | 'took-over', at: number, title: string, text: string): Message {
  return { event, phase: 'happened', level: 'notice', at, since: undefined, title, text };
}
