import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { shareOf } from '#src/domain/share.js';
import { BullEngine } from '#src/replicas/bullEngine.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { Neighbours } from '../support/neighbours.js';
import { endure, settled } from '../support/outage.js';
import { keys } from '../support/registry.js';
import { held } from '../support/replicas/held.js';
import { recovery, report, scale } from '../support/scale.js';
import { expectSoundLog } from '../support/soundLog.js';

const NAME = 'registry';
const HOST = '127.0.0.1';
/** In one life of the program, which lets five changes of its IP through. */
const FAILOVERS = Math.min(4, Math.ceil(scale / 4));
/** A primary that comes back is made a replica once the sentinel has looked at it for a while. */
const PATIENCE_MS = 60_000;
/** A replica would wait five seconds for others before it is sent the data. */
const STORE = ['--appendonly', 'yes', '--repl-diskless-sync-delay', '0'];

const SHARES = 64;
const LEASE_MS = 2_000;

interface Instance {
  readonly server: RedisServer;
  readonly port: number;
  readonly redis: Redis;
}

describe('failover of Redis behind a sentinel', () => {
  const servers: RedisServer[] = [];
  let neighbours: Neighbours;
  let scheduler: Scheduler | undefined;
  const sharing: Scheduler[] = [];

  const serve = async (args: readonly string[], config: { readonly config?: string[] } = {}): Promise<Instance> => {
    const port = await freePort();
    const server = await RedisServer.start({ args: ['--port', String(port), '--bind', HOST, ...args], ...config });
    servers.push(server);
    return { server, port, redis: server.client() };
  };
  const watch = async ({ port, redis }: Instance): Promise<Instance> => {
    const config = [
      `sentinel monitor ${NAME} ${HOST} ${port} 1`,
      `sentinel down-after-milliseconds ${NAME} 500`,
      `sentinel failover-timeout ${NAME} 2000`,
    ];
    // It asks for the replicas at the start, and then every ten seconds: one that comes later can't be promoted soon.
    await eventually(async () => {
      expect(await redis.info('replication')).to.match(/^slave0:.*state=online/m);
    }, PATIENCE_MS);
    return serve(['--sentinel'], { config });
  };
  const replicated = ({ redis }: Instance): Promise<void> =>
    eventually(async () => {
      const info = await redis.info('replication');
      expect(info).to.include('role:slave').and.include('master_link_status:up');
    }, PATIENCE_MS);

  before(async () => {
    neighbours = await Neighbours.start();
  });
  after(async () => {
    for (const one of [scheduler, ...sharing]) {
      await one?.kill();
      await one?.clear();
    }
    await neighbours.stop();
    for (const server of servers) await server.stop();
  });

  it('is joined where Redis and its sentinel each want a password of their own', async () => {
    const primary = await serve(['--user', 'sched', 'on', '>of-redis', '~*', '&*', '+@all']);
    const lines = [`sentinel monitor ${NAME} ${HOST} ${primary.port} 1`, 'requirepass of-the-sentinel'];
    const sentinel = await serve(['--sentinel'], { config: lines });
    await neighbours.register(primary.redis);
    const running = await Scheduler.start(
      neighbours.settings({
        sentinel: { name: NAME, nodes: [`${HOST}:${sentinel.port}`], password: 'of-the-sentinel' },
        username: 'sched',
        password: 'of-redis',
      }),
    );
    scheduler = running;
    await settled(primary.redis, neighbours);
    expect(await primary.redis.client('LIST')).to.include('user=sched');
    expect(await running.stop()).to.equal(0);
    expectSoundLog(running);
    expect(running.output).to.not.match(/of-redis|of-the-sentinel/);
  }).timeout(60_000);

  it('goes on with the new primary, and what had to wait is written and told there', async () => {
    let primary = await serve(STORE);
    let replica = await serve([...STORE, '--replicaof', `${HOST} ${primary.port}`]);
    const sentinel = await watch(primary);
    await neighbours.register(primary.redis);
    const running = await Scheduler.start(
      neighbours.settings({ sentinel: { name: NAME, nodes: [`${HOST}:${sentinel.port}`] } }),
    );
    scheduler = running;
    await settled(primary.redis, neighbours);

    const tookMs: number[] = [];
    for (let n = 1; n <= FAILOVERS; n += 1) {
      const outage = {
        begin: async () => {
          // What was acknowledged but not yet replicated is lost in a failover, whoever is the client.
          await primary.redis.wait(1, 1_000);
          await primary.server.kill();
        },
        end: () =>
          eventually(async () => {
            const named = await sentinel.redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
            expect(named).to.deep.equal([HOST, String(replica.port)]);
          }, PATIENCE_MS),
        redis: () => replica.redis,
      };
      tookMs.push(await endure(outage, neighbours, running, n));
      [primary, replica] = [replica, primary];
      if (n === FAILOVERS) break;
      await replica.server.launch();
      await replicated(replica);
    }
    expect(await running.stop()).to.equal(0);
    expectSoundLog(running);
    report(`failed over: ${recovery(tookMs)}`);
  }).timeout(60_000 + FAILOVERS * 60_000);

  it('replicas that share the registry go on with the new primary, each with its part', async () => {
    // The outages before have left some of the others misbehaving.
    await neighbours.stop();
    neighbours = await Neighbours.start(16);
    const primary = await serve(STORE);
    const replica = await serve([...STORE, '--replicaof', `${HOST} ${primary.port}`]);
    const sentinel = await watch(primary);
    await neighbours.register(primary.redis);
    const engine = new BullEngine({ redis: replica.redis, prefix: keys.engine, shares: SHARES, leaseMs: LEASE_MS });
    const holderOf = async (uuid: string): Promise<string | null> => {
      const token = (await engine.holderOf(shareOf(uuid, SHARES))) ?? '';
      return replica.redis.hget(keys.replica(token.replace(/:\d+$/, '')), 'name');
    };
    const redis = { sentinel: { name: NAME, nodes: [`${HOST}:${sentinel.port}`] } };
    for (const name of ['a', 'b']) {
      const replicas = { enabled: true, lease: LEASE_MS, shares: SHARES, name };
      sharing.push(await Scheduler.start({ ...neighbours.settings(redis), replicas }));
    }
    await held(primary.redis, keys, [SHARES / 2, SHARES / 2], PATIENCE_MS);
    await settled(primary.redis, neighbours);
    await primary.redis.wait(1, 1_000);
    await primary.server.kill();
    const killedAt = Date.now();
    await eventually(async () => {
      expect(await replica.redis.info('replication')).to.include('role:master');
    }, PATIENCE_MS);
    await held(replica.redis, keys, [SHARES / 2, SHARES / 2], PATIENCE_MS);
    await eventually(async () => {
      for (const { uuid } of neighbours.consumers) {
        const [state, at, by] = await replica.redis.hmget(keys.consumer(uuid), 'state', 'checked_at', 'checked_by');
        expect(state).to.equal('available');
        expect(Number(at)).to.be.greaterThan(killedAt);
        expect(by)
          .to.be.oneOf(['a', 'b'])
          .and.equal(await holderOf(uuid));
      }
    }, PATIENCE_MS);
    await engine.close();
    for (const one of sharing) {
      expect(await one.stop()).to.equal(0);
      expectSoundLog(one);
    }
  }).timeout(3 * PATIENCE_MS);
});
