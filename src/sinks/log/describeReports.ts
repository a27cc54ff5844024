import type { EventOf } from '../../events.js';
import type { Line } from './line.js';
import { counted } from './words.js';

/** The log line about the delivery of notifications. */
export function describeNotification(
  event: EventOf<'notification.sent' | 'notification.failed' | 'notification.lost'>,
): Line {
  const topic = `notify ${event.target}`;
  switch (event.kind) {
    case 'notification.sent':
      return { level: 'info', message: `${event.target} takes messages again`, topic };
    case 'notification.failed':
      return {
        level: 'warn',
        message: `could not confirm a call to ${event.target}: ${event.reason}; the work goes on`,
        topic,
        condition: event.reason,
      };
    case 'notification.lost': {
      const [lost, them] = event.count === 1 ? ['is lost', 'it'] : ['are lost', 'them'];
      const why = event.why === 'crowded' ? 'too many waited' : `the receiver did not take ${them}`;
      return { level: 'warn', message: `${counted(event.count, 'message')} to ${event.target} ${lost}: ${why}` };
    }
  }
}

/** The log line about notifications to the service manager. */
export function describeService(event: EventOf<'service.notified' | 'service.unnotified'>): Line {
  const topic = 'service';
  if (event.kind === 'service.notified')
    return { level: 'info', message: 'systemd learns again how this service is', topic };
  return {
    level: 'error',
    message:
      event.reason === 'missing'
        ? 'systemd-notify is not there, so systemd takes this service for one that is still starting: install it, or set Type=exec and no WatchdogSec'
        : 'systemd-notify has failed, so systemd does not learn how this service is; it is tried again',
    topic,
    condition: event.reason,
  };
}
