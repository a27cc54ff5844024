import { expect } from 'chai';
import { BehaviorSubject, ReplaySubject } from 'rxjs';
import { announcements } from '#src/app/announcements.js';
import type { Config } from '#src/config/config.js';
import { loadConfig } from '#src/config/load.js';
import type { CallSignal, PostRequest, Reply } from '#src/domain/call/http.js';
import type { SchedulerEvent } from '#src/events.js';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import type { Leadership } from '#src/state/leadership.js';
import { holding } from '../support/holding.js';
import { MemoryOutbox } from '../support/memoryOutbox.js';
import { advance, freeze, settled } from '../support/timers.js';

const HOUR_MS = 3_600_000;

describe('announcements', () => {
  let timers: ReturnType<typeof freeze>;
  let stop: () => void;
  let config: Config;
  let config$: BehaviorSubject<Config>;
  let outbox: MemoryOutbox;
  let outboxSleep: InterruptibleSleep;
  let stop$: ReplaySubject<string>;
  let events: SchedulerEvent[];
  let sent: PostRequest[];
  let aborted: number;
  let leadership: Leadership;
  /** What a call comes to; undefined for silence. */
  let reply: Reply | undefined;

  beforeEach(async () => {
    const env = { LOCAL_UUID: '00000000-0000-4000-8000-000000000000' };
    ({ config } = await loadConfig({ file: undefined, env, cwd: '/nonexistent' }));
    timers = freeze();
    config$ = new BehaviorSubject(config);
    outbox = new MemoryOutbox(['p']);
    outboxSleep = new InterruptibleSleep();
    stop$ = new ReplaySubject(1);
    stop = () => undefined;
    events = [];
    sent = [];
    aborted = 0;
    ({ leadership } = holding());
    reply = { ok: true, status: 204, body: '' };
  });
  afterEach(() => {
    stop();
    timers.release();
  });

  const announce = (over: Partial<Config['announce']>): Config => ({
    ...config,
    announce: { ...config.announce, ...over },
  });
  const post = () => (request: PostRequest, signal: CallSignal) => {
    sent.push(request);
    signal.addEventListener('abort', () => (aborted += 1));
    return reply === undefined ? new Promise<Reply>(() => undefined) : Promise.resolve(reply);
  };
  const start = (): void => {
    const clock = { wall: () => Date.now(), steady: () => Date.now(), epoch: () => 0 };
    const deps = {
      config$,
      outbox,
      outboxSleep,
      post,
      clock,
      random: () => 0.5,
      explain: String,
      stop$,
      leadership,
    };
    const subscription = announcements(deps, { ip: '9.9.9.9', agreed: ['dns'] }).subscribe({
      next: (event) => events.push(event),
      error: (error: unknown) => expect.fail(String(error)),
    });
    stop = () => {
      subscription.unsubscribe();
    };
  };
  const told = (): string[] => events.map(({ kind }) => kind).filter((kind) => kind !== 'redis.worked');

  it('tells each producer the IP, with our UUID', async () => {
    start();
    await settled();
    expect(told()).to.deep.equal(['ip.changed', 'announcement.acknowledged', 'announcements.complete']);
    expect(sent.map(({ url, body }) => ({ url, body: JSON.parse(body) as unknown }))).to.deep.equal([
      { url: 'http://1.1.1.1/ip', body: { uuid: config.uuid, ip: '9.9.9.9' } },
    ]);
  });

  it('leases for as long as an attempt may take, and knows of every wait that the settings allow', async () => {
    config$.next(announce({ timeoutMs: 2 * HOUR_MS, retry: { initialMs: 6 * HOUR_MS, maxMs: 336 * HOUR_MS } }));
    start();
    await settled();
    const [terms] = outbox.leases;
    expect(terms?.leaseMs).to.be.greaterThan(2 * HOUR_MS);
    expect(terms?.longestMs).to.equal(336 * HOUR_MS);
  });

  it('workers that wait for something to do take new settings at once', async () => {
    start();
    await settled();
    const before = outbox.leases.length;
    config$.next(announce({ timeoutMs: 60_000 }));
    await settled();
    expect(outbox.leases.slice(before).map(({ leaseMs }) => leaseMs > 60_000)).to.deep.equal([true]);
    config$.next(announce({ timeoutMs: 60_000, newcomers: true }));
    await settled();
    expect(outbox.looks).to.have.length(1);
    config$.next(announce({ timeoutMs: 60_000 }));
    await advance(300_000, 60_000);
    expect(outbox.looks).to.have.length(1);
  });

  it('settings that do not concern it disturb nobody', async () => {
    start();
    await settled();
    const before = outbox.leases.length;
    config$.next({ ...config, log: { ...config.log, level: 'debug' } });
    await settled();
    expect(outbox.leases.length).to.equal(before);
  });

  it('what is in flight goes on to its end under new settings, and nothing more is begun under the old ones', async () => {
    outbox.producers = ['p', 'q'];
    config$.next(announce({ concurrency: 1 }));
    reply = undefined;
    start();
    await settled();
    config$.next(announce({ concurrency: 2, timeoutMs: 7_000 }));
    await settled();
    expect({ calls: sent.length, aborted }).to.deep.equal({ calls: 1, aborted: 0 });
    reply = { ok: true, status: 204, body: '' };
    await advance(5_000, 1_000);
    expect(told().filter((kind) => kind.startsWith('announcement.'))).to.deep.equal([
      'announcement.failed',
      'announcement.acknowledged',
    ]);
    expect(outbox.leases.at(-1)?.leaseMs).to.be.greaterThan(7_000 + 9_000);
  });

  it('an answer that counts no longer has its producer looked at again at once', async () => {
    outbox.moving = 1;
    start();
    await settled();
    expect(told()).to.deep.equal([
      'ip.changed',
      'announcement.outdated',
      'announcement.acknowledged',
      'announcements.complete',
    ]);
  });

  it('a failure that is due soon does not wait for what is due later', async () => {
    reply = { ok: false, reason: 'refused' };
    config$.next(announce({ retry: { initialMs: 100, maxMs: 100 } }));
    start();
    await advance(200, 10);
    expect(sent.length).to.be.greaterThan(2);
  });

  it('producers that left, and those that came, are told of', async () => {
    outbox.ip = '9.9.9.9';
    outbox.dueAt.set('gone', 0);
    config$.next(announce({ newcomers: true }));
    start();
    await settled();
    expect(told()).to.have.members([
      'announcements.added',
      'announcement.dropped',
      'announcement.acknowledged',
      'announcements.complete',
    ]);
  });

  it('nothing more is begun once it is to stop, and what is in flight goes on', async () => {
    reply = undefined;
    start();
    await settled();
    stop$.next('SIGTERM');
    await advance(5_000, 1_000);
    expect(told().at(-1)).to.equal('announcement.failed');
    const calls = sent.length;
    await advance(600_000, 60_000);
    expect(sent.length).to.equal(calls);
  });

  it('what is in flight is aborted when the IP is no longer ours', async () => {
    reply = undefined;
    start();
    await settled();
    stop();
    expect(aborted).to.equal(1);
  });

  it('tells nobody while the lease has run out by our own clock, and everybody once it was renewed', async () => {
    leadership.hold('us:1', Date.now());
    start();
    await advance(1_000);
    expect(sent).to.deep.equal([]);
    leadership.hold('us:2', Infinity);
    await advance(HOUR_MS, 1_000);
    expect(sent.map(({ headers }) => headers['x-consumer-term'])).to.deep.equal(['2']);
  });
});
