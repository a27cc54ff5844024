import type { SchedulerEvent } from '../events.js';
import { ipCondition } from './ipCondition.js';
import type { Transitions } from './transitions.js';

/** One entry of `<p>events`. */
export interface Entry {
  readonly type: string;
  readonly at: number;
  readonly data: string;
  /** The event is about a single peer, so there may be as many as there are peers. */
  readonly ofOnePeer: boolean;
}

/** The journal entries of an event: changes and faults, each once. Routine events are left out. */
export function toEntries(event: SchedulerEvent, conditions: Transitions): readonly Entry[] {
  switch (event.kind) {
    case 'heartbeat':
    case 'round.started':
    case 'ip.polled':
    case 'peer.undecided':
    case 'redis.failed':
    case 'redis.worked':
    case 'leader.unwritten':
    case 'leader.standing-by':
    case 'leader.other':
    case 'replicas.counted':
    case 'status.listening':
    case 'status.failed':
    case 'status.refused':
    case 'status.fault':
    case 'notification.sent':
    case 'notification.failed':
    case 'notification.lost':
    case 'service.notified':
    case 'service.unnotified':
      return [];
    case 'peer.discarded':
      if (event.why !== 'local' || !conditions.enter('host', 'short')) return [];
      return [{ type: 'host.short', at: event.at, data: '{}', ofOnePeer: false }];
    case 'round.skipped':
      return event.lane === 'regular' && conditions.enter('rounds', 'skipped') ? [entryOf(event)] : [];
    case 'round.finished':
      if (event.lane === 'regular' && event.skipped === 0) conditions.leave('rounds');
      return event.local === 0 && conditions.leave('host')
        ? [{ type: 'host.recovered', at: event.at, data: '{}', ofOnePeer: false }]
        : [];
    case 'peer.checked': {
      const { uuid, at, outcome, before, state } = event.check;
      if (state === undefined || state === before) return [];
      const error = outcome.ok ? undefined : outcome.reason;
      return [{ type: `peer.${state}`, at, data: JSON.stringify({ uuid, before, error }), ofOnePeer: true }];
    }
    case 'peer.malformed': {
      // The detail contains text from another party, so it is left out.
      const { at, peer, uuid, error } = event;
      return [{ type: event.kind, at, data: JSON.stringify({ peer, uuid, error }), ofOnePeer: true }];
    }
    case 'announcement.failed':
      // Retries are routine.
      return event.attempts === 1 ? [entryOf(event, true)] : [];
    case 'announcement.acknowledged':
      // A repeated announcement is routine.
      return event.again ? [] : [entryOf(event, true)];
    case 'announcements.added':
      return event.newcomers > 0 ? [entryOf(event)] : [];
    case 'announcement.outdated':
    case 'announcement.dropped':
      return [entryOf(event, true)];
    case 'ip.unknown':
    case 'ip.disagreed':
    case 'ip.confirmed':
      return conditions.enter('ip', ipCondition(event)) ? [entryOf(event)] : [];
    case 'redis.up':
      return conditions.enter('redis', 'up') ? [entryOf(event)] : [];
    case 'redis.down':
      return conditions.enter('redis', event.reason) ? [entryOf(event)] : [];
    case 'family.missing':
      return conditions.enter(event.family, 'missing') ? [entryOf(event)] : [];
    case 'family.found':
      return conditions.leave(event.family) ? [entryOf(event)] : [];
    default:
      return [entryOf(event)];
  }
}

function entryOf({ kind, at, ...data }: Exclude<SchedulerEvent, { kind: 'peer.checked' }>, ofOnePeer = false): Entry {
  return { type: kind, at, data: JSON.stringify(data), ofOnePeer };
}
