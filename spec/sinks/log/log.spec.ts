import { expect } from 'chai';
import { Writable } from 'node:stream';
import { createLogger, transports } from 'winston';
import type { SchedulerEvent } from '#src/events.js';
import { describe as inWords } from '#src/sinks/log/describe.js';
import { LogSink } from '#src/sinks/log/log.js';

/** One of each kind of event. */
const EVENTS: readonly SchedulerEvent[] = [
  { kind: 'round.started', at: 1, lane: 'regular', round: 1 },
  { kind: 'round.skipped', at: 1, lane: 'regular' },
  { kind: 'round.skipped', at: 1, lane: 'suspect' },
  { kind: 'status.fault', at: 1, path: '/api/peers', reason: 'x is not iterable' },
  {
    kind: 'round.finished',
    skipped: 0,
    at: 1,
    lane: 'regular',
    round: 1,
    tookMs: 1_500,
    ok: 2,
    failed: 1,
    aborted: false,
    local: 0,
  },
  {
    kind: 'round.finished',
    skipped: 0,
    at: 1,
    lane: 'suspect',
    round: 1,
    tookMs: 15,
    ok: 2,
    failed: 1,
    aborted: true,
    local: 0,
  },
  { kind: 'peer.discarded', at: 1, uuid: 'a', why: 'clock-gap' },
  { kind: 'peer.discarded', at: 1, uuid: 'a', why: 'local' },
  {
    kind: 'peer.malformed',
    at: 1,
    peer: 'consumer',
    uuid: 'a',
    error: 'address-denied',
    detail: 'ip "10.0.0.1"',
  },
  { kind: 'isolation.began', at: 1, scope: 'public IPv4', peers: 2 },
  { kind: 'isolation.ended', at: 1, scope: 'public IPv4' },
  { kind: 'clock.gap', at: 1, gapMs: 7_000 },
  { kind: 'peer.undecided', at: 1, lane: 'regular', uuid: 'a', reason: 'timeout' },
  { kind: 'family.missing', at: 1, family: 'IPv6', peers: 2 },
  { kind: 'family.found', at: 1, family: 'IPv6' },
  { kind: 'redis.worked', at: 1, what: 'a step' },
  { kind: 'ip.polled', at: 1, source: 'dns', result: 'ok' },
  { kind: 'ip.unknown', at: 1, failures: [], known: undefined },
  { kind: 'ip.disagreed', at: 1, answers: ['1.1.1.1', '8.8.8.8'] },
  { kind: 'ip.confirmed', at: 1, ip: '1.1.1.1', agreed: ['dns'] },
  { kind: 'ip.held', at: 1, ip: '1.1.1.1', quietMs: 300_000 },
  { kind: 'ip.changed', at: 1, ip: '1.1.1.1', previous: undefined, producers: 1 },
  { kind: 'announcement.acknowledged', at: 1, uuid: 'p', ip: '1.1.1.1', attempts: 1, again: false },
  { kind: 'announcement.acknowledged', at: 1, uuid: 'p', ip: '1.1.1.1', attempts: 1, again: true },
  { kind: 'announcements.added', at: 1, ip: '1.1.1.1', newcomers: 2, refreshed: 1 },
  { kind: 'announcements.added', at: 1, ip: '1.1.1.1', newcomers: 0, refreshed: 1 },
  { kind: 'announcement.failed', at: 1, uuid: 'p', ip: '1.1.1.1', attempts: 1, reason: 'timeout', retryInMs: 50 },
  { kind: 'announcement.failed', at: 1, uuid: 'p', ip: '1.1.1.1', attempts: 2, reason: 'timeout', retryInMs: 50 },
  { kind: 'announcement.outdated', at: 1, uuid: 'p', ip: '1.1.1.1', result: 'ok', why: 'ip' },
  { kind: 'announcement.outdated', at: 1, uuid: 'p', ip: '1.1.1.1', result: 'timeout', why: 'address' },
  { kind: 'announcement.outdated', at: 1, uuid: 'p', ip: '1.1.1.1', result: 'ok', why: 'left' },
  { kind: 'announcement.outdated', at: 1, uuid: 'p', ip: '1.1.1.1', result: 'timeout', why: 'acknowledged' },
  { kind: 'announcement.dropped', at: 1, uuid: 'p' },
  { kind: 'announcements.complete', at: 1, ip: '1.1.1.1' },
  { kind: 'redis.up', at: 1 },
  { kind: 'redis.down', at: 1, reason: 'refused' },
  { kind: 'redis.failed', at: 1, what: 'a step', reason: 'OOM' },
  { kind: 'redis.caught-up', at: 1, what: 'a step', written: 3 },
  { kind: 'heartbeat', at: 1 },
  { kind: 'config.reloaded', at: 1, changed: ['sync.interval'] },
  { kind: 'config.rejected', at: 1, problems: ['sync.interval: no'] },
  { kind: 'config.needs-restart', at: 1, keys: ['uuid'] },
  { kind: 'notification.sent', at: 1, target: 'notify.0 (json)' },
  { kind: 'notification.failed', at: 1, target: 'notify.0 (json)', reason: 'timeout' },
  { kind: 'notification.lost', at: 1, target: 'notify.0 (json)', count: 3, why: 'crowded' },
  { kind: 'service.notified', at: 1 },
  { kind: 'service.unnotified', at: 1, reason: 'missing' },
  { kind: 'service.unnotified', at: 1, reason: 'failed' },
  { kind: 'process.stopping', at: 1, signal: 'SIGTERM' },
];

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
  it('has one line for each kind of event', () => {
    for (const event of EVENTS) {
      const lines = inWords(event);
      expect(lines.length, event.kind).to.be.greaterThan(0);
      for (const { message } of lines) expect(message).to.match(/^\S.*\S$/);
    }
  });

  const told: readonly (readonly [SchedulerEvent, string, string])[] = [
    [checked({}), 'debug', 'peer a is available (answered in 12 ms)'],
    [checked({ before: 'unavailable' }), 'info', 'peer a is available, was unavailable (answered in 12 ms)'],
    [checked({ before: 'available' }), 'debug', 'peer a: answered in 12 ms'],
    [
      checked({ outcome: { ok: false, reason: 'timeout' }, before: 'suspect', state: 'unavailable' }),
      'warn',
      'peer a is unavailable, was suspect (timeout)',
    ],
    [
      checked({ outcome: { ok: false, reason: 'timeout' }, before: 'available', counted: false }),
      'debug',
      'peer a: timeout (not held against it)',
    ],
    [
      {
        kind: 'round.finished',
        skipped: 0,
        at: 1,
        lane: 'regular',
        round: 3,
        tookMs: 1_500,
        ok: 2,
        failed: 1,
        aborted: false,
        local: 0,
      },
      'info',
      'round 3: 2 of 3 answered in 1.5 s, 1 failed',
    ],
    [
      {
        kind: 'ip.unknown',
        at: 1,
        failures: [
          { source: 'dns', reason: 'unreachable' },
          { source: 'https', reason: 'timeout' },
        ],
        known: '1.1.1.1',
      },
      'warn',
      'could not find the public IP (dns unreachable, https timeout): 1.1.1.1 stays announced until a source answers',
    ],
    [
      { kind: 'ip.changed', at: 1, ip: '8.8.8.8', previous: '1.1.1.1', producers: 1 },
      'info',
      'public IP changed from 1.1.1.1 to 8.8.8.8: 1 producer to tell',
    ],
  ];
  for (const [event, level, message] of told) {
    it(`says at ${level}: ${message}`, () => {
      expect(inWords(event)[0]).to.include({ level, message });
    });
  }

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
      'notify.0 (ntfy) takes what it is sent again',
      '1 message to notify.0 (ntfy) lost: it did not take it',
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

  it('gives the whole event at debug', () => {
    const { sink, lines } = logging('debug');
    sink.accept({ kind: 'heartbeat', at: 7 });
    expect(lines[0]?.detail).to.deep.equal({ kind: 'heartbeat', at: 7 });
  });
});
