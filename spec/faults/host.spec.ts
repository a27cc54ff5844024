import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { lastValueFrom, timer, toArray } from 'rxjs';
import { openRedis } from '#src/clients/redis.js';
import { ClockWatch } from '#src/state/clockWatch.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import { cancellable } from '#src/streams/operators/cancellable.js';
import { checkPeer } from '#src/streams/sync/checkPeer.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { CLIENTS } from '../support/clients.js';
import { entry } from '../support/entries.js';
import { eventually } from '../support/eventually.js';
import { keys, register } from '../support/registry.js';
import { skipBecause } from '../support/skip.js';
import { ALL } from '../support/shares.js';
import { hostWith } from '../support/hostAddresses.js';

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

  for (const [client, make] of CLIENTS)
    it(`an event loop that stood still judges nothing that ${client} had in flight meanwhile`, async () => {
      const peer = await add(PEER);
      peer.behave('silence');
      const watch = new ClockWatch(
        () => performance.now(),
        () => Date.now(),
      );
      const clock = { wall: () => Date.now(), steady: () => performance.now(), epoch: () => watch.epoch() };
      const book = new PeerBook(['loopback']);
      const known = entry(PEER, { stored: { ip: '127.0.0.1', port: String(peer.port) } });
      book.remember(known, 1);
      const post = make({ userAgent: 'test', tls: {} });
      const check = checkPeer(
        {
          book,
          shares: ALL,
          evidence: new OnlineEvidence(),
          clock,
          request: ({ ip, port }) =>
            cancellable((signal) => post({ url: `http://${ip}:${port ?? 80}/sync`, body: '{}', headers: {} }, signal)),
          timeoutMs: 1_000,
          rules: { fall: 3, rise: 1 },
          polledScope: undefined,
          undecided: new UndecidedFailures(clock.steady),
          families: new HostFamilies(() => hostWith(['IPv4'])),
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

  for (const [client] of CLIENTS)
    it(`out of file descriptors: fewer calls of ${client} at once, nobody is blamed, and it says so`, async function () {
      if (spawnSync('prlimit', ['--version']).status !== 0) skipBecause(this, 'there is no prlimit(1)');
      for (let i = 0; i < 40; i += 1) await add(join20(i));
      const running = await start({ sync: { interval: '300ms', timeout: '2s', concurrency: 40 }, http: { client } });
      await eventually(async () => {
        for (let i = 0; i < 40; i += 1) expect(await stored(join20(i))).to.include({ state: 'available' });
      });
      // As many as it holds between two rounds, and a few more.
      let limit = Infinity;
      for (let looks = 0; looks < 100; looks += 1) {
        limit = Math.min(limit, readdirSync(`/proc/${running.pid}/fd`).length + 8);
        await lastValueFrom(timer(10));
      }
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
      if (!mounted) skipBecause(this, 'a tmpfs can’t be mounted, which takes root');
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
