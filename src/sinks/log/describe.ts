import { nameOf, quoted } from '../../domain/text/printable.js';
import type { EventOf, SchedulerEvent } from '../../events.js';
import { ipCondition } from '../ipCondition.js';
import { describeReplicas } from './describeReplicas.js';
import { describeNotification, describeService } from './describeReports.js';
import { describeRound } from './describeRound.js';
import { holderName } from './holderName.js';
import type { Line } from './line.js';
import { counted, duration } from './words.js';

/** The log lines of an event: none, one or several. No line contains text from a peer. */
export function describe(event: SchedulerEvent): readonly Line[] {
  switch (event.kind) {
    case 'round.started':
    case 'round.skipped':
    case 'round.finished':
      return describeRound(event);
    case 'peer.checked':
      return [check(event)];
    case 'peer.undecided':
      return [
        {
          level: 'debug',
          message: `peer ${nameOf(event.uuid)} failed (${event.reason}): witnesses are asked whether we are online`,
        },
      ];
    case 'peer.discarded':
      return [discarded(event)];
    case 'peer.malformed':
      return [
        {
          level: 'warn',
          message: `${event.peer} ${nameOf(event.uuid)} is not called: ${event.error} (${event.detail})`,
        },
      ];
    case 'isolation.began':
      return [
        {
          level: 'warn',
          message: `no witness answers over ${event.scope}: we seem to be offline there, so failures are not counted against the ${event.peers === 1 ? 'one peer' : counted(event.peers, 'peer')}`,
          topic: `isolation ${event.scope}`,
          condition: 'isolated',
        },
      ];
    case 'isolation.ended':
      return [
        {
          level: 'info',
          message: isolationEnd(event),
          topic: `isolation ${event.scope}`,
        },
      ];
    case 'family.missing':
      return [
        {
          level: 'warn',
          message: `this host has no ${event.family} address: ${counted(event.peers, `${event.family} peer`)} can't be called and ${event.peers === 1 ? 'counts' : 'count'} as unreachable`,
          topic: `family ${event.family}`,
          condition: 'missing',
        },
      ];
    case 'family.found':
      return [
        { level: 'info', message: `this host has an ${event.family} address now`, topic: `family ${event.family}` },
      ];
    case 'clock.gap':
      return [
        {
          level: 'warn',
          message: `process suspended or event loop blocked for ${duration(event.gapMs)}: what was in flight meanwhile is not judged`,
        },
      ];
    case 'heartbeat':
      return [{ level: 'debug', message: 'heartbeat' }];
    case 'ip.polled':
    case 'ip.unknown':
    case 'ip.disagreed':
    case 'ip.confirmed':
    case 'ip.held':
    case 'ip.changed':
      return [publicIp(event)];
    case 'announcement.acknowledged':
    case 'announcement.failed':
    case 'announcement.outdated':
    case 'announcement.dropped':
    case 'announcements.added':
    case 'announcements.complete':
      return [announcement(event)];
    case 'redis.up':
    case 'redis.down':
    case 'redis.failed':
    case 'redis.worked':
    case 'redis.caught-up':
      return [redis(event)];
    case 'embedded.ended':
      return [
        {
          level: 'error',
          message: `the embedded redis-server has ended and is started again in ${duration(event.retryInMs)}: ${event.reason}`,
        },
      ];
    case 'config.reloaded':
      return [{ level: 'info', message: reloaded(event.changed) }];
    case 'config.rejected':
      return [{ level: 'error', message: `new configuration ignored: ${event.problems.join('; ')}` }];
    case 'config.needs-restart':
      return [needsRestart(event.keys)];
    case 'leader.took':
    case 'leader.unwritten':
    case 'leader.standing-by':
    case 'leader.lost':
      return [leader(event)];
    case 'leader.other':
    case 'shares.changed':
    case 'shares.doubtful':
    case 'shares.renewed':
    case 'verdicts.fenced':
    case 'replica.joined':
    case 'replica.left':
    case 'replica.elsewhere':
    case 'replica.returned':
    case 'replicas.counted':
      return [describeReplicas(event)];
    case 'status.listening':
    case 'status.failed':
    case 'status.refused':
    case 'status.fault':
      return [statusServer(event)];
    case 'notification.sent':
    case 'notification.failed':
    case 'notification.lost':
      return [describeNotification(event)];
    case 'service.notified':
    case 'service.unnotified':
      return [describeService(event)];
    case 'process.stopping':
      return [{ level: 'info', message: `${event.signal}: finishing what is in flight` }];
    default:
      return event satisfies never;
  }
}

function needsRestart(keys: readonly string[]): Line {
  if (keys.length === 0) return { level: 'info', message: 'no restart is needed any more' };
  const values = keys.length === 1 ? 'value' : 'values';
  return { level: 'warn', message: `a restart is needed for the new ${values} of ${keys.join(', ')}` };
}

function isolationEnd({ scope, peers }: EventOf<'isolation.ended'>): string {
  if (peers === undefined) return `a witness answers over ${scope} again: we are online there`;
  return `${peers === 0 ? 'no peer is' : 'only one peer is'} left over ${scope}: nothing tells whether we are online there`;
}

function reloaded(changed: readonly string[]): string {
  return changed.length === 0
    ? 'the configuration is valid again and has not changed'
    : `configuration reloaded: ${changed.join(', ')} changed`;
}

function check({ check: { uuid, outcome, before, state, counted: held } }: EventOf<'peer.checked'>): Line {
  const result = outcome.ok ? `answered in ${duration(outcome.latencyMs)}` : outcome.reason;
  if (state === before) {
    return { level: 'debug', message: `peer ${nameOf(uuid)}: ${result}${held ? '' : ' (not held against it)'}` };
  }
  return {
    level: state === 'unavailable' ? 'warn' : before === 'unavailable' ? 'info' : 'debug',
    message: `peer ${nameOf(uuid)} is ${state ?? 'not judged yet'}${before === undefined ? '' : `, was ${before}`} (${result})`,
  };
}

function discarded({ why, uuid }: EventOf<'peer.discarded'>): Line {
  return why === 'local'
    ? {
        level: 'warn',
        message: 'this host is out of file descriptors, ports or memory: fewer calls at once, and no peer is blamed',
        topic: 'host',
        condition: 'short',
      }
    : {
        level: 'debug',
        message: `the check of peer ${nameOf(uuid)} is repeated: the process stood still while it was in flight`,
      };
}

function publicIp(
  event: EventOf<'ip.polled' | 'ip.unknown' | 'ip.disagreed' | 'ip.confirmed' | 'ip.held' | 'ip.changed'>,
): Line {
  switch (event.kind) {
    case 'ip.polled':
      return { level: 'debug', message: `${event.source} was asked for the public IP: ${event.result}` };
    case 'ip.unknown':
      return { level: 'warn', message: unknownIp(event), topic: 'ip', condition: ipCondition(event) };
    case 'ip.disagreed':
      return {
        level: 'warn',
        message: `the sources of the public IP disagree: ${event.answers.join(', ')}`,
        topic: 'ip',
        condition: ipCondition(event),
      };
    case 'ip.confirmed':
      return { level: 'info', message: `public IP is ${event.ip}`, topic: 'ip', condition: ipCondition(event) };
    case 'ip.held':
      return {
        level: 'warn',
        message: `public IP changes too often: ${event.ip} is announced once it has stood for ${duration(event.quietMs)}`,
      };
    case 'ip.changed':
      return {
        level: 'info',
        message: `public IP ${event.previous === undefined ? 'is now' : `changed from ${event.previous} to`} ${event.ip}: ${counted(event.producers, 'producer')} to tell`,
      };
  }
}

function unknownIp({ failures, known }: EventOf<'ip.unknown'>): string {
  const causes = failures.map(({ source, reason }) => `${source} ${reason}`).join(', ');
  const meaning =
    known === undefined
      ? 'producers are told nothing until a source answers; to do without one, set publicIp.override'
      : `${known} stays announced until a source answers`;
  return `could not find the public IP${causes === '' ? '' : ` (${causes})`}: ${meaning}`;
}

function announcement(
  event: EventOf<
    | 'announcement.acknowledged'
    | 'announcement.failed'
    | 'announcement.outdated'
    | 'announcement.dropped'
    | 'announcements.added'
    | 'announcements.complete'
  >,
): Line {
  switch (event.kind) {
    case 'announcement.acknowledged':
      return {
        level: 'debug',
        message: `producer ${nameOf(event.uuid)} acknowledged ${event.ip}${event.again ? ' again' : ''}`,
      };
    case 'announcement.failed':
      return {
        level: event.attempts === 1 ? 'info' : 'debug',
        message: `producer ${nameOf(event.uuid)} did not acknowledge ${event.ip} (${event.reason}), next attempt in ${duration(event.retryInMs)}`,
      };
    case 'announcement.outdated':
      return { level: 'debug', message: outdated(event) };
    case 'announcement.dropped':
      return { level: 'info', message: `producer ${nameOf(event.uuid)} left the registry before it acknowledged` };
    case 'announcements.added':
      return { level: event.newcomers > 0 ? 'info' : 'debug', message: added(event) };
    case 'announcements.complete':
      return { level: 'info', message: `every producer has acknowledged ${event.ip}` };
  }
}

function redis(event: EventOf<'redis.up' | 'redis.down' | 'redis.failed' | 'redis.worked' | 'redis.caught-up'>): Line {
  switch (event.kind) {
    case 'redis.up':
      return { level: 'info', message: 'Redis is there', topic: 'redis', condition: 'up' };
    case 'redis.down':
      return {
        level: 'error',
        message: `Redis can't be used: ${event.reason}`,
        topic: 'redis',
        condition: `down: ${event.reason}`,
      };
    case 'redis.failed':
      return {
        level: 'warn',
        message: `could not confirm ${event.what}: ${event.reason}`,
        topic: event.what,
        condition: event.reason,
      };
    case 'redis.worked':
      return { level: 'info', message: `${event.what} works again`, topic: event.what };
    case 'redis.caught-up':
      return {
        level: 'info',
        message: `${event.what} works again: ${counted(event.written, 'verdict')} that waited in memory ${event.written === 1 ? 'is' : 'are'} written`,
      };
  }
}

function leader(event: EventOf<'leader.took' | 'leader.unwritten' | 'leader.standing-by' | 'leader.lost'>): Line {
  switch (event.kind) {
    case 'leader.took':
      return {
        level: 'info',
        message: `this scheduler works on the registry (term ${String(event.term)})${event.afterMs === undefined ? '' : `, ${duration(event.afterMs)} after the last sign of life of the one before`}`,
        topic: 'leader',
        condition: 'leads',
      };
    case 'leader.unwritten':
      return {
        level: 'warn',
        message: `the lease of the registry can't be taken: ${event.reason}; checks run, results wait in memory, and nothing is announced`,
        topic: 'leader',
        condition: `unwritten ${event.reason}`,
      };
    case 'leader.standing-by':
      return {
        level: 'info',
        message: `standing by: ${holderName(event.holder)} works on this registry`,
        topic: 'leader',
        condition: `standby ${event.holder.token}`,
      };
    case 'leader.lost':
      return {
        level: 'warn',
        message: `${holderName(event.holder)} has taken over the registry: the work ends here`,
        topic: 'leader',
        condition: 'lost',
      };
  }
}

function statusServer(event: EventOf<'status.listening' | 'status.failed' | 'status.refused' | 'status.fault'>): Line {
  switch (event.kind) {
    case 'status.listening':
      return { level: 'info', message: `status page at ${event.url}`, topic: 'status', condition: event.url };
    case 'status.failed':
      return {
        level: 'warn',
        message: `no status page at ${event.host}, port ${String(event.port)}: ${event.reason}; it is tried again every ${duration(event.retryInMs)}, and the work goes on`,
        topic: 'status',
        condition: event.reason,
      };
    case 'status.refused':
      return {
        level: 'warn',
        message: `the status server refuses to be called ${quoted(event.host)}: if that is its name, add it to status.allowedHosts`,
      };
    case 'status.fault':
      return {
        level: 'error',
        message: `the status server could not answer ${quoted(event.path)}: ${event.reason}; this is a fault of the program, and the work goes on`,
      };
  }
}

function added({ ip, newcomers, refreshed }: EventOf<'announcements.added'>): string {
  const who = [
    ...(newcomers > 0 ? [counted(newcomers, 'newcomer')] : []),
    ...(refreshed > 0 ? [`${counted(refreshed, 'producer')} once more`] : []),
  ];
  return `${ip} is told to ${who.join(' and to ')}`;
}

function outdated({ uuid, ip, result, why }: EventOf<'announcement.outdated'>): string {
  const start = `producer ${nameOf(uuid)} ${result === 'ok' ? 'acknowledged' : 'did not acknowledge'} ${ip}`;
  switch (why) {
    case 'ip':
      return `${start}, which is no longer our IP`;
    case 'address':
      return `${start}, but has another address by now: it is told again there`;
    case 'left':
      return `${start}, and has left the registry meanwhile`;
    case 'acknowledged':
      return `${start}, ${result === 'ok' ? 'as it has' : 'but has done so'} at another attempt`;
  }
}
