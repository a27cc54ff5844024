import { expect } from 'chai';
import { Writable } from 'node:stream';
import { createLogger, transports, type Logger } from 'winston';
import type { FailureReason } from '#src/domain/call/reasons.js';
import type { SchedulerEvent } from '#src/events.js';
import { LogSink } from '#src/sinks/log/log.js';

const checked = (over: object): SchedulerEvent => ({
  kind: 'peer.checked',
  lane: 'regular',
  check: {
    uuid: 'a',
    at: 1,
    outcome: { ok: true, latencyMs: 12 },
    counted: true,
    before: undefined,
    state: 'available',
    failures: 0,
    ...over,
  },
});

function logging(level = 'info'): { readonly sink: LogSink; readonly lines: { message: string; detail?: unknown }[] } {
  const lines: { message: string; detail?: unknown }[] = [];
  const stream = new Writable({
    write: (_line, _encoding, done) => {
      done();
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
  const logger = createLogger({ level, transports: new transports.Stream({ stream }) });
  logger.on('data', (line: { message: string }) => lines.push(line));
  return { sink: new LogSink(logger), lines };
}

describe('the log', () => {
  it('tells a standing condition when it begins and when it changes, not for as long as it lasts', () => {
    const { sink, lines } = logging();
    for (let at = 0; at < 5; at += 1) sink.accept({ kind: 'ip.unknown', at, failures: [], known: undefined });
    for (let at = 5; at < 9; at += 1) sink.accept({ kind: 'ip.confirmed', at, ip: '1.1.1.1', agreed: ['dns'] });
    sink.accept({ kind: 'ip.unknown', at: 9, failures: [], known: undefined });
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'could not find the public IP: producers are told nothing until a source answers; to do without one, set publicIp.override',
      'public IP is 1.1.1.1',
      'could not find the public IP: producers are told nothing until a source answers; to do without one, set publicIp.override',
    ]);
  });

  it('tells a change of the reasons why the IP is unknown, and not which source has which of them', () => {
    const { sink, lines } = logging();
    const unknown = (reasons: Readonly<Record<string, FailureReason>>): void => {
      const failures = Object.entries(reasons).map(([source, reason]) => ({ source, reason }));
      sink.accept({ kind: 'ip.unknown', at: 1, failures, known: '1.1.1.1' });
    };
    unknown({ dns: 'unreachable' });
    unknown({ dns: 'unreachable', https: 'unreachable' });
    unknown({ dns: 'timeout', https: 'http-429' });
    unknown({ https: 'timeout', dns: 'http-429' });
    sink.accept({ kind: 'ip.confirmed', at: 2, ip: '1.1.1.1', agreed: ['dns'] });
    sink.accept({ kind: 'ip.disagreed', at: 3, answers: ['1.1.1.1', '8.8.8.8'] });
    sink.accept({ kind: 'ip.disagreed', at: 3, answers: ['8.8.8.8', '1.1.1.1'] });
    sink.accept({ kind: 'ip.disagreed', at: 3, answers: ['8.8.8.8', '9.9.9.9'] });
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'could not find the public IP (dns unreachable): 1.1.1.1 stays announced until a source answers',
      'could not find the public IP (dns timeout, https http-429): 1.1.1.1 stays announced until a source answers',
      'public IP is 1.1.1.1',
      'the sources of the public IP disagree: 1.1.1.1, 8.8.8.8',
      'the sources of the public IP disagree: 8.8.8.8, 9.9.9.9',
    ]);
  });

  it('tells again what failed once Redis was there in between', () => {
    const { sink, lines } = logging();
    const failed: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'a step', reason: 'OOM' };
    sink.accept(failed);
    sink.accept(failed);
    sink.accept({ kind: 'redis.up', at: 2 });
    sink.accept(failed);
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'could not confirm a step: OOM',
      'Redis is there',
      'could not confirm a step: OOM',
    ]);
  });

  it('tells the beginning of each spell in which a step fails, each change of the cause, and the end', () => {
    const { sink, lines } = logging();
    const failed = (reason: string): SchedulerEvent => ({ kind: 'redis.failed', at: 1, what: 'a step', reason });
    const worked: SchedulerEvent = { kind: 'redis.worked', at: 2, what: 'a step' };
    for (const event of [worked, failed('OOM'), failed('OOM'), failed('NOPERM'), worked, worked, failed('OOM')]) {
      sink.accept(event);
    }
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'could not confirm a step: OOM',
      'could not confirm a step: NOPERM',
      'a step works again',
      'could not confirm a step: OOM',
    ]);
  });

  it('takes a lost connection for no other cause', () => {
    const { sink, lines } = logging();
    for (const reason of ['no connection', 'READONLY', 'no connection', 'READONLY']) {
      sink.accept({ kind: 'redis.failed', at: 1, what: 'a step', reason });
    }
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'could not confirm a step: no connection',
      'could not confirm a step: READONLY',
    ]);
  });

  it('tells once that a receiver of notifications can’t be reached, and that it can again', () => {
    const { sink, lines } = logging();
    const target = 'notify.0 (ntfy)';
    const failed: SchedulerEvent = { kind: 'notification.failed', at: 1, target, reason: 'refused' };
    const sent: SchedulerEvent = { kind: 'notification.sent', at: 2, target };
    for (const event of [sent, failed, failed, sent, sent]) sink.accept(event);
    sink.accept({ kind: 'notification.lost', at: 3, target, count: 1, why: 'undeliverable' });
    expect(lines.map(({ message }) => message)).to.deep.equal([
      'could not confirm a call to notify.0 (ntfy): refused; the work goes on',
      'notify.0 (ntfy) takes messages again',
      '1 message to notify.0 (ntfy) is lost: the receiver did not take it',
    ]);
  });

  it('tells the cause that holds now while Redis can’t be used', () => {
    const { sink, lines } = logging();
    for (const reason of ['refused', 'refused', 'NOAUTH']) sink.accept({ kind: 'redis.down', at: 1, reason });
    expect(lines.map(({ message }) => message)).to.deep.equal([
      "Redis can't be used: refused",
      "Redis can't be used: NOAUTH",
    ]);
  });

  describe('of a round', () => {
    const peers = { available: 17, suspect: 0, unavailable: 3, pending: 0, denied: 0, invalid: 0 };
    const finished = (over: object = {}): SchedulerEvent => ({
      kind: 'round.finished',
      skipped: 0,
      at: 1,
      lane: 'regular',
      round: 5,
      tookMs: 19,
      ok: 17,
      failed: 0,
      aborted: false,
      local: 0,
      peers,
      ...over,
    });
    const said = (...events: readonly SchedulerEvent[]) => {
      const { sink, lines } = logging();
      for (const event of events) sink.accept(event);
      return lines.map(({ message }) => message);
    };

    it('says once that rounds take too long, with what would help, until one ends in time', () => {
      const skipped: SchedulerEvent = { kind: 'round.skipped', at: 1, lane: 'regular' };
      const long = [skipped, finished({ tookMs: 95_000, skipped: 1, peers: undefined })];
      const lines = said(...long, ...long, finished(), finished(), skipped).filter(
        (line) => !line.includes('answered'),
      );
      expect(lines).to.deep.equal([
        'a round was skipped: the one before is still under way',
        'a round of 17 peers takes 95.0 s, longer than sync.interval, so that 1 round had to be skipped: raise sync.concurrency or sync.interval, or lower sync.timeout',
        'a round was skipped: the one before is still under way',
        'rounds end within sync.interval again',
        'a round was skipped: the one before is still under way',
      ]);
    });

    it('says of how many how many answered, and who is checked apart', () => {
      expect(said(finished())).to.deep.equal(['round 5: 17 of 20 answered in 19 ms, 3 unavailable are checked apart']);
      expect(said(finished({ peers: { ...peers, unavailable: 0, pending: 20, available: 0 }, ok: 0 }))).to.deep.equal([
        'round 5: 0 of 20 answered in 19 ms, 20 not judged yet are checked apart',
      ]);
      expect(said(finished({ peers: { ...peers, available: 19, unavailable: 1 } }))).to.deep.equal([
        'round 5: 17 of 20 answered in 19 ms, 1 unavailable is checked apart',
      ]);
    });

    it('says of the suspects as well how many are checked apart, without those that failed in the round itself', () => {
      const line = (available: number, suspect: number, unavailable: number, ok: number, failed = 0) =>
        said(finished({ peers: { ...peers, available, suspect, unavailable }, ok, failed }))[0];
      expect(line(17, 3, 0, 17)).to.equal('round 5: 17 of 20 answered in 19 ms, 3 suspect are checked apart');
      expect(line(17, 3, 0, 17, 3)).to.equal('round 5: 17 of 20 answered in 19 ms, 3 failed');
      expect(line(14, 3, 3, 14, 2)).to.equal(
        'round 5: 14 of 20 answered in 19 ms, 2 failed, 1 suspect is checked apart, 3 unavailable are checked apart',
      );
      // One failure makes unavailable.
      expect(line(15, 0, 5, 15, 3)).to.equal(
        'round 5: 15 of 20 answered in 19 ms, 3 failed, 2 unavailable are checked apart',
      );
    });

    it('says once how peers come into an empty registry', () => {
      const none = { available: 0, suspect: 0, unavailable: 0, pending: 0, denied: 0, invalid: 0 };
      const empty = finished({ peers: none, ok: 0 });
      expect(
        said(empty, empty).filter((message) => message.startsWith('the registry has no consumers')),
      ).to.have.length(1);
    });

    it('says once how many are not called, why, and which key to change', () => {
      const event = finished({
        peers: { ...peers, denied: 12 },
        denied: { private: 9, loopback: 2, reserved: 1 },
      });
      expect(said(event, event).filter((message) => message.includes('network.allow'))).to.deep.equal([
        '12 of 32 consumers are not called: network.allow does not permit their addresses (9 private, 2 loopback); to call them, add private and loopback to network.allow, and 1 reserved address can never be called',
      ]);
    });

    it('says when the host has what the calls need again', () => {
      const short: SchedulerEvent = { kind: 'peer.discarded', at: 1, uuid: 'a', why: 'local' };
      const lines = said(finished(), short, short, finished({ local: 2 }), finished(), finished());
      expect(lines.filter((message) => message.startsWith('this host'))).to.deep.equal([
        'this host is out of file descriptors, ports or memory: fewer calls at once, and no peer is blamed',
        'this host has what its calls need again',
      ]);
    });
  });

  it('says that Redis can’t be used, and not all that can’t be done meanwhile', () => {
    const { sink, lines } = logging();
    sink.accept({ kind: 'redis.down', at: 1, reason: 'refused' });
    sink.accept({ kind: 'redis.failed', at: 2, what: 'a step', reason: 'refused' });
    sink.accept({ kind: 'redis.up', at: 3 });
    expect(lines.map(({ message }) => message)).to.deep.equal(["Redis can't be used: refused", 'Redis is there']);
  });

  describe('of steps that fail', () => {
    const failed = (what: string, reason = 'OOM', at = 1): SchedulerEvent => ({
      kind: 'redis.failed',
      at,
      what,
      reason,
    });
    const worked = (what: string, at = 1): SchedulerEvent => ({ kind: 'redis.worked', at, what });
    const said = (...events: readonly SchedulerEvent[]) => {
      const { sink, lines } = logging();
      for (const event of events) sink.accept(event);
      return lines.map(({ message }) => message.replace('could not confirm ', ''));
    };

    it('tells one that works by turns no more while another one goes on failing for the same reason', () => {
      const turn = [worked('one'), failed('one')];
      expect(said(failed('one'), failed('two'), ...turn, ...turn)).to.deep.equal([
        ...['one: OOM', 'two: OOM', 'one works again'],
      ]);
    });

    it('tells the beginning and the end of each spell of its own, whatever else fails for the same reason', () => {
      const spell = (what: string, at: number) => [failed(what, 'OOM', at), worked(what, at + 1_000)];
      const other = [failed('two', 'OOM', 3_600_000), worked('two', 9_000_000)] as const;
      expect(
        said(...spell('one', 1), other[0], ...spell('one', 3_700_000), ...spell('one', 3_800_000), other[1]),
      ).to.deep.equal([
        ...['one: OOM', 'one works again', 'two: OOM', 'one: OOM', 'one works again', 'one: OOM', 'one works again'],
        'two works again',
      ]);
    });

    it('tells one that seemed to work by turns once it goes on failing, and its end', () => {
      const minute = Array.from({ length: 61 }, (_, second) => failed('one', 'OOM', 2_000 + second * 1_000));
      expect(
        said(
          failed('one'),
          failed('two'),
          worked('one', 1_000),
          ...minute,
          worked('one', 63_000),
          worked('two', 63_000),
        ),
      ).to.deep.equal([
        ...['one: OOM', 'two: OOM', 'one works again', 'one: OOM', 'one works again', 'two works again'],
      ]);
    });

    it('tells one that fails again while another one fails for another reason', () => {
      expect(said(failed('one', 'NOPERM'), failed('two'), worked('two'), failed('two'))).to.deep.equal([
        ...['one: NOPERM', 'two: OOM', 'two works again', 'two: OOM'],
      ]);
    });

    it('tells one that fails again while no other one does', () => {
      const spell = [failed('one'), worked('one')];
      expect(said(...spell, ...spell)).to.deep.equal([
        ...['one: OOM', 'one works again', 'one: OOM', 'one works again'],
      ]);
    });

    it('tells each of them again after Redis was away', () => {
      const both = [failed('one'), failed('two')];
      expect(said(...both, { kind: 'redis.up', at: 1 }, ...both)).to.deep.equal([
        ...['one: OOM', 'two: OOM', 'Redis is there', 'one: OOM', 'two: OOM'],
      ]);
    });

    it('tells a lost connection of one that worked meanwhile', () => {
      expect(said(failed('one'), worked('one'), failed('one', 'no connection'))).to.deep.equal([
        ...['one: OOM', 'one works again', 'one: no connection'],
      ]);
    });

    it('tells that what waited is written, and the next failure as a new one', () => {
      const caughtUp: SchedulerEvent = { kind: 'redis.caught-up', at: 1, what: 'one', written: 2 };
      expect(said(failed('one'), caughtUp, failed('one'))).to.deep.equal([
        ...['one: OOM', 'one works again: 2 verdicts that waited in memory are written', 'one: OOM'],
      ]);
    });
  });

  describe('of checks that change nothing', () => {
    /** What reaches the logger, whatever its level makes of that. */
    const reaching = (level: string, ...events: readonly SchedulerEvent[]): readonly string[] => {
      const messages: string[] = [];
      const log = ({ message }: { message: string }) => messages.push(message);
      const sink = new LogSink({ level, log } as unknown as Logger);
      for (const event of events) sink.accept(event);
      return messages;
    };
    const routine = checked({ before: 'available' });
    const change = checked({ before: 'suspect' });

    it('makes no words where nobody reads them', () => {
      expect(reaching('info', routine, change)).to.deep.equal(['peer a is available, was suspect (answered in 12 ms)']);
    });

    it('tells them at debug', () => {
      expect(reaching('debug', routine)).to.deep.equal(['peer a: answered in 12 ms']);
    });
  });

  it('has nothing to flush', async () => {
    const { sink } = logging();
    sink.accept({ kind: 'redis.up', at: 1 });
    expect(sink.hasUnwritten).to.equal(false);
    expect(await sink.flush()).to.deep.equal([]);
  });

  it('gives the whole event at debug', () => {
    const { sink, lines } = logging('debug');
    sink.accept({ kind: 'heartbeat', at: 7 });
    expect(lines[0]?.detail).to.deep.equal({ kind: 'heartbeat', at: 7 });
  });
});
