import type { Lane } from '../../domain/peer/peer.js';
import { nameOf } from '../../domain/text/printable.js';
import type { EventOf, SchedulerEvent } from '../../events.js';

export type Level = 'error' | 'warn' | 'info' | 'debug';

/** A line for the log. `topic` and `condition`, where given, name a standing condition: only its changes are told. */
export interface Line {
  readonly level: Level;
  readonly message: string;
  readonly topic?: string;
  readonly condition?: string;
}

/** What an operator should read of an event. Peers' own words appear in none of them. */
export function describe(event: SchedulerEvent): Line {
  switch (event.kind) {
    case 'round.started':
      return { level: 'debug', message: `${roundOf(event)} began` };
    case 'round.skipped':
      return {
        level: event.lane === 'regular' ? 'warn' : 'debug',
        message: `a ${event.lane === 'regular' ? 'round' : `recheck of ${event.lane} peers`} was skipped: the one before is still under way`,
      };
    case 'round.finished':
      return round(event);
    case 'peer.checked':
      return check(event);
    case 'peer.discarded':
      return event.why === 'local'
        ? {
            level: 'warn',
            message:
              'this host is out of file descriptors, ports or memory: fewer calls at once, and no peer is blamed',
            topic: 'host',
            condition: 'short',
          }
        : {
            level: 'debug',
            message: `the check of ${nameOf(event.uuid)} stood across a gap of our clock: it is repeated`,
          };
    case 'peer.malformed':
      return {
        level: 'warn',
        message: `${event.peer} ${nameOf(event.uuid)} is not called: ${event.error} (${event.detail})`,
      };
    case 'isolation.began':
      return { level: 'warn', message: 'nobody answers: we seem to be offline ourselves, so no peer is blamed' };
    case 'isolation.ended':
      return { level: 'info', message: 'somebody answers again: we are online' };
    case 'clock.gap':
      return {
        level: 'warn',
        message: `stood still for ${seconds(event.gapMs)}: what was in flight meanwhile is not judged`,
      };
    case 'ip.polled':
      return { level: 'debug', message: `public IP asked of ${event.source}: ${event.result}` };
    case 'ip.unknown':
      return { level: 'warn', message: 'could not find the public IP', topic: 'ip', condition: 'unknown' };
    case 'ip.disagreed':
      return {
        level: 'warn',
        message: `the sources of the public IP disagree: ${event.answers.join(', ')}`,
        topic: 'ip',
        condition: 'disagreed',
      };
    case 'ip.confirmed':
      return { level: 'info', message: `public IP is ${event.ip}`, topic: 'ip', condition: event.ip };
    case 'ip.held':
      return {
        level: 'warn',
        message: `public IP changes too often: ${event.ip} is announced once it has stood for ${seconds(event.quietMs)}`,
      };
    case 'ip.changed':
      return {
        level: 'info',
        message: `public IP changed from ${event.previous ?? 'none'} to ${event.ip}: ${plural(event.producers, 'producer')} to tell`,
      };
    case 'announcement.acknowledged':
      return { level: 'debug', message: `producer ${nameOf(event.uuid)} acknowledged ${event.ip}` };
    case 'announcement.failed':
      return {
        level: event.attempts === 1 ? 'info' : 'debug',
        message: `producer ${nameOf(event.uuid)} did not acknowledge ${event.ip} (${event.reason}), next attempt in ${seconds(event.retryInMs)}`,
      };
    case 'announcement.dropped':
      return { level: 'info', message: `producer ${nameOf(event.uuid)} left the registry before it acknowledged` };
    case 'announcements.complete':
      return { level: 'info', message: `every producer has acknowledged ${event.ip}` };
    case 'redis.up':
      return { level: 'info', message: 'Redis is there', topic: 'redis', condition: 'up' };
    case 'redis.down':
      return { level: 'error', message: `Redis can't be used: ${event.reason}`, topic: 'redis', condition: 'down' };
    case 'redis.failed':
      return {
        level: 'warn',
        message: `could not confirm ${event.what}: ${event.reason}`,
        topic: event.what,
        condition: 'failed',
      };
    case 'embedded.ended':
      return {
        level: 'error',
        message: `the embedded redis-server is started again in ${seconds(event.retryInMs)}: ${event.reason}`,
      };
    case 'redis.caught-up':
      return {
        level: 'info',
        message: `${event.what}: ${plural(event.written, 'verdict')} that waited in memory written`,
        topic: event.what,
        condition: 'good',
      };
    case 'heartbeat':
      return { level: 'debug', message: 'heartbeat' };
    case 'config.reloaded':
      return { level: 'info', message: `configuration reloaded: ${event.changed.join(', ')} changed` };
    case 'config.rejected':
      return { level: 'error', message: `new configuration ignored: ${event.problems.join('; ')}` };
    case 'config.needs-restart':
      return { level: 'warn', message: `a restart is needed for the new value of ${event.keys.join(', ')}` };
    case 'process.stopping':
      return { level: 'info', message: `${event.signal}: finishing what is in flight` };
    default:
      return event satisfies never;
  }
}

function roundOf({ lane, round: n }: { readonly lane: Lane; readonly round: number }): string {
  return lane === 'regular' ? `round ${String(n)}` : `recheck ${String(n)} of ${lane} peers`;
}

function round(event: EventOf<'round.finished'>): Line {
  const { lane, ok, failed, tookMs, aborted } = event;
  const end = aborted ? 'cut short by shutdown' : `in ${seconds(tookMs)}`;
  return {
    level: lane === 'regular' ? 'info' : 'debug',
    message: `${roundOf(event)}: ${String(ok)} answered, ${String(failed)} failed, ${end}`,
  };
}

function check({ check: { uuid, outcome, before, state, counted } }: EventOf<'peer.checked'>): Line {
  const result = outcome.ok ? `answered in ${seconds(outcome.latencyMs)}` : outcome.reason;
  if (state === before) {
    return { level: 'debug', message: `peer ${nameOf(uuid)}: ${result}${counted ? '' : ' (not held against it)'}` };
  }
  return {
    level: state === 'unavailable' ? 'warn' : before === 'unavailable' ? 'info' : 'debug',
    message: `peer ${nameOf(uuid)} is ${state ?? 'unknown'}${before === undefined ? '' : `, was ${before}`} (${result})`,
  };
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${String(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function plural(n: number, noun: string): string {
  return `${String(n)} ${noun}${n === 1 ? '' : 's'}`;
}
