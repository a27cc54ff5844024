import { expect } from 'chai';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { describe as inWords } from '#src/sinks/log/describe.js';

const holder = { token: 'x:7', instance: 'x', uuid: undefined, host: 'nas', pid: 12, since: 0, shares: true };

describe('the words about replicas', () => {
  const words: readonly (readonly [string, SchedulerEvent, string])[] = [
    [
      'info',
      { kind: 'leader.other', at: 1, holder },
      'the scheduler on host nas, pid 12, since 1970-01-01T00:00:00.000Z, leads the replicas: it finds our IP and announces it',
    ],
    [
      'info',
      { kind: 'shares.changed', at: 1, held: 32, of: 64, gained: 2, lost: 0 },
      'this replica has 32 of 64 shares (2 gained)',
    ],
    [
      'info',
      { kind: 'shares.changed', at: 1, held: 3, of: 64, gained: 1, lost: 2 },
      'this replica has 3 of 64 shares (1 gained, 2 lost)',
    ],
    [
      'warn',
      { kind: 'shares.doubtful', at: 1, held: 1 },
      '1 share of ours could not be renewed in time: checks go on, and results wait until Redis tells whose they are',
    ],
    ['info', { kind: 'shares.renewed', at: 1, held: 1 }, 'Redis tells whose shares are whose again'],
    [
      'warn',
      { kind: 'verdicts.fenced', at: 1, rows: 2 },
      "2 results not written: the share is another replica's by now, which checks anew",
    ],
    ['info', { kind: 'replica.joined', at: 1, instance: 'i', name: 'nas-2' }, 'replica nas-2 has joined'],
    ['info', { kind: 'replica.left', at: 1, instance: 'i', name: 'nas\u001b2' }, 'replica "nas\\u001b2" has left'],
    [
      'warn',
      { kind: 'replica.elsewhere', at: 1, ip: '8.8.8.8', stored: '1.1.1.1' },
      'this replica is elsewhere: its public IP is 8.8.8.8, and that of the node 1.1.1.1; it gives up its shares',
    ],
    [
      'info',
      { kind: 'replica.returned', at: 1, ip: '1.1.1.1' },
      "the public IP of this replica is the node's again (1.1.1.1)",
    ],
    [
      'debug',
      { kind: 'replicas.counted', at: 1, replicas: 2, ok: 1, failed: 0, isolated: false },
      '2 replicas at work',
    ],
  ];
  for (const [level, event, message] of words) {
    it(`${event.kind}: ${message.slice(0, 40)}`, () => {
      const [line] = inWords(event);
      expect(line).to.include({ level, message });
    });
  }

  it('a round tells of those that came with shares, and of a replica without peers nothing of the registry', () => {
    const counts = { available: 0, suspect: 0, unavailable: 0, pending: 0, denied: 0, invalid: 0 };
    const round: EventOf<'round.finished'> = {
      ...{ kind: 'round.finished', at: 2, lane: 'regular', round: 4, tookMs: 1 },
      ...{ ok: 1, failed: 0, aborted: false, local: 1, skipped: 0 },
    };
    const told = (adopted: number, peers = counts) =>
      inWords({ ...round, peers, adopted }).map(({ message }) => message);
    const [first] = told(3, { ...counts, available: 4 });
    expect(first).to.equal('round 4: 1 of 4 answered in 1 ms, 3 that came with shares are checked apart');
    expect(told(0).join()).to.not.include('registry');
  });
});
