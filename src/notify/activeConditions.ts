import { STUCK_MS } from '../domain/announce/terms.js';
import type { FailureReason } from '../domain/call/reasons.js';
import { saysOfLine } from '../domain/ip/scope.js';
import type { Lane } from '../domain/peer/peer.js';
import type { EventOf, SchedulerEvent } from '../events.js';
import {
  announcementCondition,
  configCondition,
  isolatedCondition,
  redisCondition,
  type Condition,
} from './conditions.js';

/** A producer that has not acknowledged our IP, since its first failure. */
interface Owing {
  readonly since: number;
  readonly reason: FailureReason;
}

/** Conditions that are found by the work, and so are the successor's to tell once another scheduler has taken over. */
export const OF_THE_WORK = /^(isolated |announcements$)/;

/** What is wrong now, as far as the events say. Time is that of the events: a heartbeat comes every few seconds. */
export class ActiveConditions {
  readonly conditions = new Map<string, Condition>();
  /** Peers that became unavailable while we looked, and when. */
  readonly down = new Map<string, number>();
  /** Whether another scheduler is known to work on the registry. */
  standsBy = false;
  readonly #owing = new Map<string, Owing>();
  #owedIp = '';

  /** `laneOf` tells which peers are still registered, and unavailable. */
  constructor(private readonly laneOf: (uuid: string) => Lane | undefined) {}

  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'peer.checked':
        this.#peer(event);
        return;
      case 'redis.down':
        this.#enter('redis', redisCondition(event));
        return;
      case 'redis.up':
        this.conditions.delete('redis');
        return;
      case 'config.rejected':
        this.#enter('config', configCondition(event));
        return;
      case 'config.reloaded':
        this.conditions.delete('config');
        return;
      case 'isolation.began':
        if (saysOfLine(event.peers)) this.#enter(`isolated ${event.scope}`, isolatedCondition(event));
        return;
      case 'isolation.ended':
        this.conditions.delete(`isolated ${event.scope}`);
        return;
      case 'ip.changed':
      case 'announcement.failed':
      case 'announcement.acknowledged':
      case 'announcement.outdated':
      case 'announcement.dropped':
      case 'announcements.complete':
        this.#announcement(event);
        return;
      case 'leader.took':
      case 'leader.unwritten':
        this.standsBy = false;
        return;
      case 'leader.standing-by':
      case 'leader.lost':
        this.standsBy = true;
        this.#forgetWork();
        return;
      case 'clock.gap':
        // Nobody was looked at meanwhile.
        for (const [uuid, since] of this.down) this.down.set(uuid, since + event.gapMs);
        return;
      case 'heartbeat':
        this.#look(event.at);
        return;
      default:
    }
  }

  get isIsolated(): boolean {
    return [...this.conditions.values()].some(({ event }) => event === 'isolated');
  }

  #enter(key: string, condition: Condition): void {
    this.conditions.set(key, { ...condition, since: this.conditions.get(key)?.since ?? condition.since });
  }

  #peer({ check: { uuid, at, before, state } }: EventOf<'peer.checked'>): void {
    if (state === before) return;
    if (state === 'unavailable') this.down.set(uuid, at);
    else this.down.delete(uuid);
  }

  #announcement(
    event: EventOf<
      | 'ip.changed'
      | 'announcement.failed'
      | 'announcement.acknowledged'
      | 'announcement.outdated'
      | 'announcement.dropped'
      | 'announcements.complete'
    >,
  ): void {
    switch (event.kind) {
      case 'ip.changed':
        this.#owedIp = event.ip;
        return;
      case 'announcement.failed':
        this.#owedIp = event.ip;
        this.#owing.set(event.uuid, { since: this.#owing.get(event.uuid)?.since ?? event.at, reason: event.reason });
        return;
      case 'announcement.outdated':
        if (event.why === 'left' || event.why === 'acknowledged') this.#owing.delete(event.uuid);
        return;
      case 'announcement.acknowledged':
      case 'announcement.dropped':
        this.#owing.delete(event.uuid);
        return;
      case 'announcements.complete':
        this.#owing.clear();
        return;
    }
  }

  #look(now: number): void {
    for (const uuid of this.down.keys()) if (this.laneOf(uuid) !== 'unavailable') this.down.delete(uuid);
    const stuck = [...this.#owing.values()].filter(({ since }) => now - since >= STUCK_MS);
    if (stuck.length > 0) this.#enter('announcements', announcementCondition(this.#owedIp, stuck, now));
    else this.conditions.delete('announcements');
  }

  #forgetWork(): void {
    for (const key of this.conditions.keys()) if (OF_THE_WORK.test(key)) this.conditions.delete(key);
    this.down.clear();
    this.#owing.clear();
  }
}
