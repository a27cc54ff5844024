import { STUCK_MS } from '../domain/announce/terms.js';
import type { FailureReason } from '../domain/call/reasons.js';
import { isLineEvidence } from '../domain/ip/scope.js';
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
interface Unacknowledged {
  readonly since: number;
  readonly reason: FailureReason;
}

/** Conditions of the work itself. After a take-over, the new leader reports them. */
export const WORK_CONDITIONS = /^(isolated |announcements$)/;

/**
 * The conditions that are active according to the events. Time is that of the events; a heartbeat comes every few
 * seconds.
 */
export class ActiveConditions {
  readonly conditions = new Map<string, Condition>();
  /** Peers that became unavailable while this process was running, and when. */
  readonly down = new Map<string, number>();
  /** Whether another scheduler is known to work on the registry. */
  standsBy = false;
  readonly #unacknowledged = new Map<string, Unacknowledged>();
  #announcedIp = '';

  /** `laneOf` shows which peers are still registered and unavailable. */
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
        if (isLineEvidence(event.peers)) this.#enter(`isolated ${event.scope}`, isolatedCondition(event));
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
        // No peer was checked during the gap.
        for (const [uuid, since] of this.down) this.down.set(uuid, since + event.gapMs);
        return;
      case 'heartbeat':
        this.#update(event.at);
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
        this.#announcedIp = event.ip;
        return;
      case 'announcement.failed':
        this.#announcedIp = event.ip;
        this.#unacknowledged.set(event.uuid, {
          since: this.#unacknowledged.get(event.uuid)?.since ?? event.at,
          reason: event.reason,
        });
        return;
      case 'announcement.outdated':
        if (event.why === 'left' || event.why === 'acknowledged') this.#unacknowledged.delete(event.uuid);
        return;
      case 'announcement.acknowledged':
      case 'announcement.dropped':
        this.#unacknowledged.delete(event.uuid);
        return;
      case 'announcements.complete':
        this.#unacknowledged.clear();
        return;
    }
  }

  #update(now: number): void {
    for (const uuid of this.down.keys()) if (this.laneOf(uuid) !== 'unavailable') this.down.delete(uuid);
    const stuck = [...this.#unacknowledged.values()].filter(({ since }) => now - since >= STUCK_MS);
    if (stuck.length > 0) this.#enter('announcements', announcementCondition(this.#announcedIp, stuck, now));
    else this.conditions.delete('announcements');
  }

  #forgetWork(): void {
    for (const key of this.conditions.keys()) if (WORK_CONDITIONS.test(key)) this.conditions.delete(key);
    this.down.clear();
    this.#unacknowledged.clear();
  }
}
