import { expect } from 'chai';
import type { SchedulerEvent } from '#src/events.js';
import type { Scheduler } from '#swarm/scheduler.js';

type OfTheProcess =
  'process.started' | 'process.stopped' | 'process.failed' | 'config.warning' | 'library.warned' | 'log.lost';

const EVENTS: Readonly<Record<SchedulerEvent['kind'] | OfTheProcess, true>> = {
  'process.started': true,
  'process.stopped': true,
  'process.failed': true,
  'config.warning': true,
  'library.warned': true,
  'log.lost': true,
  'process.stopping': true,
  'leader.took': true,
  'leader.unwritten': true,
  'leader.standing-by': true,
  'leader.lost': true,
  'leader.other': true,
  'shares.changed': true,
  'shares.doubtful': true,
  'shares.renewed': true,
  'verdicts.fenced': true,
  'replica.joined': true,
  'replica.left': true,
  'replica.elsewhere': true,
  'replica.returned': true,
  'replicas.counted': true,
  'status.listening': true,
  'status.failed': true,
  'status.refused': true,
  'status.fault': true,
  'round.started': true,
  'round.skipped': true,
  'round.finished': true,
  'peer.checked': true,
  'peer.undecided': true,
  'peer.discarded': true,
  'family.missing': true,
  'family.found': true,
  'peer.malformed': true,
  'isolation.began': true,
  'isolation.ended': true,
  'clock.gap': true,
  'ip.polled': true,
  'ip.unknown': true,
  'ip.disagreed': true,
  'ip.confirmed': true,
  'ip.held': true,
  'ip.changed': true,
  'announcement.acknowledged': true,
  'announcement.failed': true,
  'announcement.outdated': true,
  'announcement.dropped': true,
  'announcements.added': true,
  'announcements.complete': true,
  'redis.up': true,
  'redis.down': true,
  'redis.failed': true,
  'redis.worked': true,
  'redis.caught-up': true,
  'embedded.ended': true,
  heartbeat: true,
  'config.reloaded': true,
  'config.rejected': true,
  'config.needs-restart': true,
  'service.notified': true,
  'service.unnotified': true,
  'notification.sent': true,
  'notification.failed': true,
  'notification.lost': true,
};

/** Everything that it has printed is a line of the JSON log about a known event: nothing past the log, no raw stack. */
export function expectSoundLog({ output }: Scheduler): void {
  for (const text of output.split('\n')) if (text !== '') expect(isSound(text), text).to.equal(true);
}

function isSound(text: string): boolean {
  try {
    const { event } = JSON.parse(text) as { event?: string };
    return event !== undefined && event in EVENTS;
  } catch {
    return false;
  }
}
