import type { EventOf } from '../../events.js';
import { silentInOtherLanes } from '../silentInOtherLanes.js';
import type { Line } from './line.js';
import { counted, duration } from './words.js';

type RoundEvent = EventOf<'round.started' | 'round.skipped' | 'round.finished'>;

/** The log lines of a round. */
export function describeRound(event: RoundEvent): readonly Line[] {
  const { lane } = event;
  switch (event.kind) {
    case 'round.started':
      return [{ level: 'debug', message: `round ${String(event.round)} began` }];
    case 'round.skipped': {
      const underWay = 'was skipped: the one before is still under way';
      if (lane !== 'regular') return [{ level: 'debug', message: `a recheck of the ${lane} peers ${underWay}` }];
      return [{ level: 'warn', message: `a round ${underWay}` }];
    }
    case 'round.finished':
      return lane === 'regular' ? regular(event) : [recheck(event)];
  }
}

function recheck({ lane, round, ok, failed, tookMs, aborted }: EventOf<'round.finished'>): Line {
  const results = `${String(ok)} of ${String(ok + failed)} answered ${end(aborted, tookMs)}`;
  return lane === 'pending'
    ? { level: 'info', message: `peers not judged yet: ${results}` }
    : { level: 'debug', message: `recheck ${String(round)} of the ${lane} peers: ${results}` };
}

function regular(event: EventOf<'round.finished'>): readonly Line[] {
  const { round, ok, failed, tookMs, aborted, peers, adopted } = event;
  const callable =
    peers === undefined ? ok + failed : peers.available + peers.suspect + peers.unavailable + peers.pending;
  const total = Math.max(callable, ok + failed);
  const silent = silentInOtherLanes(event);
  const parts = [
    `round ${String(round)}: ${String(ok)} of ${String(total)} answered ${end(aborted, tookMs)}`,
    failed > 0 && `${String(failed)} failed`,
    checkedSeparately(silent.suspect, 'suspect'),
    checkedSeparately(silent.unavailable, 'unavailable'),
    checkedSeparately(peers?.pending, 'not judged yet'),
    checkedSeparately(adopted, 'that came with shares'),
  ];
  const lines: Line[] = [{ level: 'info', message: parts.filter((part) => part !== false).join(', ') }];
  lines.push(event.skipped === 0 ? KEEPS_UP : tooLong(event, total));
  if (event.local === 0)
    lines.push({ level: 'info', message: 'this host has what its calls need again', topic: 'host' });
  // A replica without peers is no sign of an empty registry.
  const isOfNone = adopted !== undefined && Object.values(peers ?? {}).every((n) => n === 0);
  if (peers !== undefined && !isOfNone) lines.push(...describeRegistry(peers, event.denied ?? {}));
  return lines;
}

function end(aborted: boolean, tookMs: number): string {
  return aborted ? 'before shutdown cut it short' : `in ${duration(tookMs)}`;
}

function checkedSeparately(count = 0, which: string): string | false {
  return count > 0 && `${String(count)} ${which} ${count === 1 ? 'is' : 'are'} checked apart`;
}

const KEEPS_UP: Line = { level: 'info', message: 'rounds end within sync.interval again', topic: 'rounds' };

/** Logged once, until a round ends in time. */
function tooLong({ tookMs, skipped }: EventOf<'round.finished'>, total: number): Line {
  return {
    level: 'warn',
    message: `a round of ${counted(total, 'peer')} takes ${duration(tookMs)}, longer than sync.interval, so that ${counted(skipped, 'round')} had to be skipped: raise sync.concurrency or sync.interval, or lower sync.timeout`,
    topic: 'rounds',
    condition: 'too long',
  };
}

/** Reports an empty registry, and peers that the address policy forbids to call. */
export function describeRegistry(
  peers: NonNullable<EventOf<'round.finished'>['peers']>,
  denied: NonNullable<EventOf<'round.finished'>['denied']>,
): readonly Line[] {
  const lines: Line[] = [];
  const total = Object.values(peers).reduce((sum, n) => sum + n, 0);
  if (total === 0) {
    lines.push({
      level: 'info',
      message:
        'the registry has no consumers yet: the API adds each one that calls it, and "peers add consumer UUID IP" adds one by hand',
      topic: 'registry',
      condition: 'empty',
    });
  }
  if (peers.denied > 0) {
    const { reserved = 0, ...classes } = denied;
    const named = Object.entries(classes).map(([name, n]) => `${String(n)} ${name}`);
    const missing = Object.keys(classes);
    const advice = missing.length === 0 ? '' : `; to call them, add ${missing.join(' and ')} to network.allow`;
    const never =
      reserved === 0 ? '' : `, and ${counted(reserved, 'reserved address', 'reserved addresses')} can never be called`;
    const [are, addresses] = peers.denied === 1 ? ['is', 'its address'] : ['are', 'their addresses'];
    const why =
      reserved === peers.denied
        ? `${addresses} ${are} reserved and can never be called`
        : `network.allow does not permit ${addresses}${named.length === 0 ? '' : ` (${named.join(', ')})`}${advice}${never}`;
    lines.push({
      level: 'warn',
      message: `${String(peers.denied)} of ${counted(total, 'consumer')} ${are} not called: ${why}`,
      topic: 'denied',
      condition: 'some',
    });
  }
  return lines;
}
