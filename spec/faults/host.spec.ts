import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { concatMap, filter, from, interval, lastValueFrom, map, of, take, timer, toArray } from 'rxjs';
import { openRedis } from '#src/clients/redis.js';
import { nodeFetchClient } from '#src/clients/nodeFetch.js';
import { ClockWatch } from '#src/state/clockWatch.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { abortable } from '#src/streams/operators/abortable.js';
import { checkPeer } from '#src/streams/sync/checkPeer.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { virtualClock } from '../support/clock.js';
import { entry } from '../support/entries.js';
import { eventually } from '../support/eventually.js';
import { marbles } from '../support/marbles.js';
import { keys, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const GAP_MS = 5_200;

describe('faults of the network and the host', () => {
  let server: RedisServer;
  let redis: Redis;
  let peers: Endpoint[] = [];
  let scheduler: Scheduler | undefined;

  const join20 = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
  const add = async (uuid: string): Promise<Endpoint> => {
    const peer = await startConsumer({ uuid, host: '127.0.0.1' });
    peers.push(peer);
    await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: peer.port });
    return peer;
  };
  const start = async (over: object = {}): Promise<Scheduler> =>
    (scheduler = await Scheduler.start({
      uuid: US,
      redis: { url: server.url },
      sync: { interval: '200ms', timeout: '1s' },
      publicIp: { override: '127.0.0.1' },
      network: { allow: ['loopback'] },
      ...over,
    }));
  const stored = (uuid = PEER) => redis.hgetall(keys.consumer(uuid));

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  afterEach(async () => {
    await scheduler?.kill();
    await scheduler?.clear();
    scheduler = undefined;
    for (const peer of peers) await peer.goDark();
    peers = [];
    await server.stop();
  });

  describe('our own outage, in virtual time', () => {
    const PEERS = Array.from({ length: 20 }, (_, i) => join20(i));

    /** Twenty peers in good standing, each checked once a second, by what answers when. */
    const watching = (
      scheduler: Parameters<typeof virtualClock>[0] & { readonly now: () => number },
      reply: (uuid: string, now: number) => Reply,
      seconds: number,
    ) => {
      const book = new PeerBook();
      const health = { ...UNCHECKED, state: 'available' as const };
      for (const [i, uuid] of PEERS.entries()) {
        book.remember(entry(uuid, { health, stored: { ip: '1.1.1.1', port: String(i + 1) } }), 1);
      }
      const evidence = new OnlineEvidence();
      evidence.recordAnswer();
      const check = checkPeer(
        {
          book,
          evidence,
          clock: virtualClock(scheduler),
          scheduler,
          request: ({ port }) => of(reply(PEERS[(port ?? 1) - 1] ?? '', scheduler.now())),
          timeoutMs: 100,
          rules: { fall: 3, rise: 1 },
          allow: ['public'],
          polled: true,
        },
        'regular',
      );
      const event$ = interval(1_000, scheduler).pipe(
        take(seconds),
        concatMap(() => from(PEERS)),
        concatMap((uuid) => check(book.lastKnown(uuid) ?? entry(uuid))),
      );
      return { book, event$ };
    };
    const good: Reply = { ok: true, status: 200, body: '' };
    const cut: Reply = { ok: false, reason: 'unreachable' };
    const unavailable = (book: PeerBook) =>
      PEERS.filter((uuid) => book.lastKnown(uuid)?.health.state === 'unavailable');

    marbles('ten minutes without a line mark nobody unavailable, and everybody is as before afterwards', (m) => {
      const online = (now: number): boolean => now < 30_000 || now > 630_000;
      const { book, event$ } = watching(m.scheduler, (_, now) => (online(now) ? good : cut), 660);
      const told$ = event$.pipe(
        filter((event) => event.kind !== 'peer.checked'),
        map((event) => event.kind),
      );
      m.expectObservable(told$).toBe('31s b 599999ms e 28999ms |', { b: 'isolation.began', e: 'isolation.ended' });
      m.flush();
      expect(unavailable(book)).to.deep.equal([]);
      expect(PEERS.every((uuid) => book.lastKnown(uuid)?.health.state === 'available')).to.equal(true);
    });

    marbles('half of the peers that really die at once are all noticed', (m) => {
      const dead = new Set(PEERS.slice(0, 10));
      const { book, event$ } = watching(m.scheduler, (uuid, now) => (dead.has(uuid) && now > 5_000 ? cut : good), 10);
      m.expectObservable(event$.pipe(filter((event) => event.kind !== 'peer.checked'))).toBe('10s |');
      m.flush();
      expect(unavailable(book)).to.have.members([...dead]);
    });
  });

  it('a process that was suspended judges nothing that was in flight meanwhile', async () => {
    const peer = await add(PEER);
    const running = await start({ sync: { interval: '300ms', timeout: '4s' } });
    await eventually(async () => {
      expect(await stored()).to.include({ state: 'available' });
    });
    peer.behave('silence');
    const calls = peer.calls.length;
    await peer.until((endpoint) => endpoint.calls.length > calls);
    running.signal('SIGSTOP');
    await delay(GAP_MS);
    peer.behave('well');
    running.signal('SIGCONT');
    await running.logged(({ event }) => event === 'clock.gap');
    await peer.until((endpoint) => endpoint.calls.length > calls + 2);
    expect(await stored())
      .to.include({ state: 'available', failures: '0' })
      .and.not.have.property('error');
  });

  it('an event loop that stood still judges nothing that was in flight meanwhile', async () => {
    const peer = await add(PEER);
    peer.behave('silence');
    const watch = new ClockWatch(
      () => performance.now(),
      () => Date.now(),
    );
    const clock = { wall: () => Date.now(), steady: () => performance.now(), epoch: () => watch.epoch() };
    const book = new PeerBook();
    const known = entry(PEER, { stored: { ip: '127.0.0.1', port: String(peer.port) } });
    book.remember(known, 1);
    const post = nodeFetchClient({ userAgent: 'test', tls: {} });
    const check = checkPeer(
      {
        book,
        evidence: new OnlineEvidence(),
        clock,
        request: ({ ip, port }) =>
          abortable((signal) => post({ url: `http://${ip}:${port ?? 80}/sync`, body: '{}', headers: {} }, signal)),
        timeoutMs: 1_000,
        rules: { fall: 3, rise: 1 },
        allow: ['loopback'],
        polled: false,
      },
      'regular',
    );
    const events = lastValueFrom(check(known).pipe(toArray()), { defaultValue: [] });
    await peer.until(({ calls }) => calls.length === 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GAP_MS);
    expect((await events).map((event) => (event.kind === 'peer.discarded' ? event.why : event.kind))).to.deep.equal([
      'clock-gap',
    ]);
  });

  it('out of file descriptors: fewer calls at once, nobody is blamed, and it says so', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) this.skip();
    for (let i = 0; i < 40; i += 1) await add(join20(i));
    const running = await start({ sync: { interval: '300ms', timeout: '2s', concurrency: 40 } });
    await running.logged(({ event }) => event === 'round.finished');
    await Promise.all(peers.map((peer) => peer.until(({ connections }) => connections === 0)));
    // As many as it holds between two rounds, and a few more.
    const open = readdirSync(`/proc/${running.pid}/fd`).length;
    const limit = open + 8;
    for (const peer of peers) peer.behave({ lateByMs: 150 });
    spawnSync('prlimit', ['--pid', String(running.pid), `--nofile=${limit}:${limit}`]);
    await running.logged(({ message }) => message.startsWith('this host is out of file descriptors'));
    await lastValueFrom(timer(1_500));
    for (let i = 0; i < 40; i += 1) expect(await stored(join20(i))).to.include({ state: 'available', failures: '0' });
    expect(running.lines.filter(({ message }) => message.startsWith('this host is out'))).to.have.length(1);
  });

  it('a full disk under the embedded Redis: it goes on, says what is wrong, and catches up', async function () {
    const folder = await mkdtemp(join(tmpdir(), 'disk-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]).status === 0;
    const embedded = openRedis({ socketPath: join(folder, 'redis.sock') });
    try {
      if (!mounted) this.skip();
      const peer = await startConsumer({ uuid: PEER, host: '127.0.0.1' });
      peers.push(peer);
      const running = await start({ redis: { url: 'embedded', dataDir: folder } });
      await running.logged(({ event }) => event === 'redis.up');
      await eventually(() => embedded.ping().then(() => undefined));
      await register(embedded, 'consumer', PEER, { ip: '127.0.0.1', port: peer.port });
      await peer.until(({ calls }) => calls.length > 0);
      await writeFile(join(folder, 'ballast'), Buffer.alloc(4 * 1_048_576)).catch(() => undefined);
      await running.logged(({ event, message }) => event === 'redis.down' && message.includes('MISCONF'));
      peer.behave({ status: 500 });
      const calls = peer.calls.length;
      await peer.until((endpoint) => endpoint.calls.length >= calls + 3);
      await rm(join(folder, 'ballast'));
      await eventually(async () => {
        expect(await embedded.hgetall(keys.consumer(PEER))).to.include({ state: 'unavailable', error: 'http-500' });
      });
      expect(await running.stop()).to.equal(0);
    } finally {
      embedded.disconnect();
      if (mounted) spawnSync('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true });
    }
  });
});
