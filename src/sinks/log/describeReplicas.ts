import { nameOf } from '../../domain/text/printable.js';
import type { EventOf } from '../../events.js';
import { holderName } from './holderName.js';
import type { Line } from './line.js';
import { counted } from './words.js';

/** The log line of an event about shares and replicas. */
export function describeReplicas(
  event: EventOf<
    | 'leader.other'
    | 'shares.changed'
    | 'shares.doubtful'
    | 'shares.renewed'
    | 'verdicts.fenced'
    | 'replica.joined'
    | 'replica.left'
    | 'replica.elsewhere'
    | 'replica.returned'
    | 'replicas.counted'
  >,
): Line {
  switch (event.kind) {
    case 'leader.other':
      return {
        level: 'info',
        message: `${holderName(event.holder)} leads the replicas: it finds our IP and announces it`,
        topic: 'leader',
        condition: `other ${event.holder.token}`,
      };
    case 'shares.changed':
      return { level: 'info', message: changed(event) };
    case 'shares.doubtful':
      return {
        level: 'warn',
        message: `${counted(event.held, 'share')} of ours could not be renewed in time: checks go on, and results wait until Redis tells whose they are`,
        topic: 'shares',
        condition: 'doubtful',
      };
    case 'shares.renewed':
      return { level: 'info', message: 'Redis tells again whose shares are whose', topic: 'shares' };
    case 'verdicts.fenced':
      return {
        level: 'warn',
        message: `${counted(event.rows, 'result')} ${event.rows === 1 ? 'is' : 'are'} not written: another replica has the share by now, and checks anew`,
      };
    case 'replica.joined':
      return { level: 'info', message: `replica ${nameOf(event.name)} has joined` };
    case 'replica.left':
      return { level: 'info', message: `replica ${nameOf(event.name)} has left` };
    case 'replica.elsewhere':
      return {
        level: 'warn',
        message: `this replica is elsewhere: its public IP is ${event.ip}, and that of the node ${event.stored}; it gives up its shares`,
        topic: 'elsewhere',
        condition: event.ip,
      };
    case 'replica.returned':
      return {
        level: 'info',
        message: `the public IP of this replica is the node's again (${event.ip})`,
        topic: 'elsewhere',
      };
    case 'replicas.counted':
      return { level: 'debug', message: `${counted(event.replicas, 'replica')} at work` };
  }
}

function changed({ held, of, gained, lost }: EventOf<'shares.changed'>): string {
  const what = [...(gained > 0 ? [`${String(gained)} gained`] : []), ...(lost > 0 ? [`${String(lost)} lost`] : [])];
  return `this replica has ${String(held)} of ${String(of)} shares (${what.join(', ')})`;
}
