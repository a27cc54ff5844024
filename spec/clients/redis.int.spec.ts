import { expect } from 'chai';
import type { Cluster, Redis } from 'ioredis';
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  closeRedis,
  firstAttempt,
  openRedis,
  redisFailure,
  type RedisClient,
  type RedisLocation,
} from '#src/clients/redis.js';
import { RedisServer } from '#swarm/redis.js';
import { freePort } from '../support/freePort.js';
import { pem } from './testServer.js';

const PASSWORD = 'p:a/s s@wörd%#?';
const ENCODED = encodeURIComponent(PASSWORD);
const NONE = 'none';

describe('openRedis', () => {
  const servers: RedisServer[] = [];
  const clients: RedisClient[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  const serve = async (...args: string[]): Promise<RedisServer> => {
    const server = await RedisServer.start({ args });
    servers.push(server);
    return server;
  };
  const serveTcp = async (...args: string[]) => {
    const port = await freePort();
    return { port, server: await serve('--port', String(port), ...args) };
  };
  const open = async (location: RedisLocation): Promise<RedisClient> => {
    const redis = openRedis(location);
    clients.push(redis);
    await firstAttempt(redis);
    return redis;
  };

  const formCluster = async (...args: string[]): Promise<RedisServer> => {
    const settings = {
      'cluster-enabled': 'yes',
      'cluster-port': await freePort(),
      'cluster-announce-ip': '127.0.0.1',
    };
    const more = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const server = await serve(...args, ...more);
    await server.client().call('cluster', 'addslotsrange', '0', '16383');
    return server;
  };

  describe('reaches a server', () => {
    it('over TCP, in the database that the URL names', async () => {
      const { port } = await serveTcp();
      await (await open({ url: `redis://127.0.0.1:${port}/3` })).set('a', '1');
      expect(await (await open({ url: `redis://127.0.0.1:${port}` })).get('a')).to.equal(null);
      expect(await (await open({ url: `redis://localhost:${port}/3` })).get('a')).to.equal('1');
      for (const query of ['?db=3', '/?db=3']) {
        expect(await (await open({ url: `redis://127.0.0.1:${port}${query}` })).get('a'), query).to.equal('1');
      }
    });

    it('over a unix socket, with or without a database', async () => {
      const { socketPath, url } = await serve();
      await (await open({ url: `${url}?db=2` })).set('a', '1');
      expect(await (await open({ socketPath })).get('a')).to.equal(null);
      expect(await (await open({ url })).get('a')).to.equal(null);
      expect(await (await open({ url: `${url}?db=2` })).get('a')).to.equal('1');
    });

    it('with a password', async () => {
      const { port } = await serveTcp('--requirepass', PASSWORD);
      expect(await (await open({ url: `redis://:${ENCODED}@127.0.0.1:${port}` })).ping()).to.equal('PONG');
    });

    it('as an ACL user', async () => {
      const { port, server } = await serveTcp();
      await server.client().call('acl', 'setuser', 'sched:uler', 'on', '~*', '+@all', `>${PASSWORD}`);
      expect(await whoami(await open({ url: `redis://sched%3Auler:${ENCODED}@127.0.0.1:${port}/1` }))).to.equal(
        'sched:uler',
      );
    });

    it('with a login that no URL holds', async () => {
      const { port, server } = await serveTcp();
      await server.client().call('acl', 'setuser', 'sched:uler', 'on', '~*', '+@all', `>${PASSWORD}`);
      await server.client().call('acl', 'setuser', 'default', 'resetpass', `>${PASSWORD}2`);
      for (const url of [`redis://127.0.0.1:${port}`, server.url]) {
        const named = await open({ url, username: 'sched:uler', password: PASSWORD });
        expect(await whoami(named)).to.equal('sched:uler');
        expect(await whoami(await open({ url, password: `${PASSWORD}2` }))).to.equal('default');
      }
    });

    it('over TLS, trusting the authority that is named, with our certificate', async () => {
      const port = await freePort();
      await serve(...tlsServer(port, 'yes'));
      const url = `rediss://127.0.0.1:${port}/1`;
      const [ca, cert, key] = [pem('ca.pem'), pem('client.pem'), pem('client.key')];

      expect(await (await open({ url, tls: { ca, cert, key } })).ping()).to.equal('PONG');
      expect(await reason((await open({ url, tls: { ca } })).ping())).not.to.equal(NONE);
      expect(await reason((await open({ url, tls: { ca: pem('stranger.pem'), cert, key } })).ping())).to.match(
        /certificate/,
      );
    });

    it('over TLS, if the system trusts its authority', async () => {
      const port = await freePort();
      await serve(...tlsServer(port, 'no'));
      const url = `rediss://127.0.0.1:${port}/1`;

      expect(await reason((await open({ url })).ping())).to.match(/certificate/);
      expect(await pingTrusting(tls('ca.pem'), url)).to.equal('PONG');
    });

    describe('behind a sentinel', () => {
      const monitor = async (master: number, lines: readonly string[], ...args: string[]): Promise<number> => {
        const port = await freePort();
        const config = [`sentinel monitor main 127.0.0.1 ${master} 1`, ...lines];
        servers.push(await RedisServer.start({ args: ['--port', String(port), ...args, '--sentinel'], config }));
        return port;
      };

      it('each of them with a password of its own, in the database that is named', async () => {
        const { port, server } = await serveTcp();
        const admin = server.client();
        await admin.call('acl', 'setuser', 'sched', 'on', '~*', '+@all', `>${PASSWORD}`);
        await admin.config('SET', 'requirepass', PASSWORD);
        const sentinel = await monitor(port, [`sentinel auth-pass main "${PASSWORD}"`, 'requirepass watched']);
        const access = { name: 'main', nodes: [`127.0.0.1:${sentinel}`], password: 'watched' };

        const redis = await open({ sentinel: access, username: 'sched', password: PASSWORD, database: 2 });
        await redis.set('a', '1');
        expect(await whoami(redis)).to.equal('sched');
        await admin.select(2);
        expect(await admin.get('a')).to.equal('1');
        expect(await reason((await open({ sentinel: access, password: 'wrong' })).ping())).to.match(/WRONGPASS/);
        const stranger = await open({ sentinel: { ...access, password: 'wrong' }, password: PASSWORD });
        expect(await reason(stranger.ping())).to.match(/sentinels.*WRONGPASS/);
      });

      it('as an ACL user of the sentinel', async () => {
        const { port } = await serveTcp();
        const sentinel = await monitor(port, ['user default off', 'user watcher on >watched allchannels +@all']);
        const nodes = [`127.0.0.1:${sentinel}`];
        const redis = await open({ sentinel: { name: 'main', nodes, username: 'watcher', password: 'watched' } });
        expect(await redis.ping()).to.equal('PONG');
      });

      it('both over TLS', async () => {
        const port = await freePort();
        await serve(...tlsServer(port, 'yes'));
        const sentinelPort = await freePort();
        await monitor(port, [], ...tlsServer(sentinelPort, 'yes'), '--tls-replication', 'yes');
        const tls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') };
        const redis = await open({ sentinel: { name: 'main', nodes: [`127.0.0.1:${sentinelPort}`] }, tls });
        await working(redis);
      });
    });

    it('that is a cluster with a password, which no URL has to hold', async () => {
      const port = await freePort();
      const server = await formCluster('--port', String(port));
      await server.client().call('acl', 'setuser', 'sched', 'on', '~*', '+@all', `>${PASSWORD}`);
      await server.client().call('acl', 'setuser', 'default', 'resetpass', '>another');
      const url = `redis://127.0.0.1:${port}`;
      for (const cluster of [
        await open({ cluster: [url], username: 'sched', password: PASSWORD }),
        await open({ cluster: [url, `redis://sched:${ENCODED}@127.0.0.1:${port}`] }),
      ]) {
        await working(cluster);
        await cluster.set('{p2p}:a', '1');
        expect(await cluster.get('{p2p}:a')).to.equal('1');
      }
    });

    it('that is a cluster over TLS', async () => {
      const port = await freePort();
      await formCluster(...tlsServer(port, 'yes'), '--tls-cluster', 'yes');
      const tls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') };
      const cluster = await open({ cluster: [`rediss://127.0.0.1:${port}`], tls });
      await working(cluster);
      await cluster.set('{p2p}:a', '1');
    });

    it('that is a cluster', async () => {
      const port = await freePort();
      const server = await formCluster('--port', String(port));
      const cluster = await open({ cluster: [`redis://127.0.0.1:${port}`] });
      await working(cluster);
      await cluster.set('{p2p}:a', '1');
      expect(await cluster.get('{p2p}:a')).to.equal('1');
      await server.kill();
      await failing(cluster);
    });
  });

  describe('says why there is no connection', () => {
    it('nobody listens', async () => {
      const port = await freePort();
      const redis = await open({ url: `redis://127.0.0.1:${port}` });
      expect(await reason(redis.ping())).to.equal(`nothing listens at 127.0.0.1:${port} (ECONNREFUSED)`);
      expect(await reason((await open({ url: 'unix:///nowhere/redis.sock' })).ping())).to.equal(
        'there is no socket at /nowhere/redis.sock (ENOENT)',
      );
    });

    it('the password is wrong, which is not told', async () => {
      const { port } = await serveTcp('--requirepass', 'right');
      const redis = await open({ url: `redis://:planted-secret@127.0.0.1:${port}` });
      const given = new Set<string>();
      for (let asked = 0; asked < 20; asked++) {
        given.add(await reason(redis.ping()));
        await delay(5);
      }
      expect([...given].join()).to.include('(WRONGPASS)');
      expect([...given].join()).not.to.include('planted-secret');
    });

    it('there is no such database, rather than using another', async () => {
      const { url } = await serve('--databases', '2');
      const redis = await open({ url: `${url}?db=5` });
      expect(await reason(redis.set('a', '1'))).to.include('no database of that number');
      expect(await (await open({ url })).get('a')).to.equal(null);
      expect(() => openRedis({ url: 'redis://127.0.0.1/zero' })).to.throw('database');
    });

    it('no sentinel is there, no node of the cluster', async () => {
      const port = await freePort();
      const sentinel = await open({ sentinel: { name: 'main', nodes: [`127.0.0.1:${port}`] } });
      expect(await reason(sentinel.ping())).not.to.equal(NONE);
      const cluster = await open({ cluster: [`redis://user:${ENCODED}@127.0.0.1:${port}`] });
      expect(await reason(cluster.ping())).to.match(/^no node of the cluster/);
    });
  });

  describe('outlives', () => {
    it('a server that is killed: what is in flight fails at once, and it works as soon as the server is back', async () => {
      const server = await serve();
      const redis = await open({ url: server.url });
      const pauses: number[] = [];
      redis.on('reconnecting', (ms: number) => pauses.push(ms));
      server.freeze();
      const inFlight = reason(redis.ping());
      await server.kill();
      expect(await inFlight).to.be.oneOf(['no connection', 'the connection was lost']);
      await failing(redis);
      while (pauses.length < 6) await reason(redis.ping()).then(() => delay(5));
      await server.launch();
      await working(redis);
      expect(pauses.slice(0, 6)).to.deep.equal([50, 100, 200, 250, 250, 250]);
    });

    it('a server that is frozen: nothing waits, the connection is dropped, and the thaw is noticed', async () => {
      const server = await serve();
      const redis = await open({ url: server.url });
      const closed = new Promise((resolve) => redis.once('close', resolve));
      server.freeze();
      const asked = [reason(redis.ping()), delay(5).then(() => reason(redis.ping()))];
      expect((await Promise.all(asked)).every((why) => why !== NONE)).to.equal(true);
      await closed;
      await failing(redis);
      server.thaw();
      await working(redis);
    });

    it('a socket that fails twice, which is what Node makes of TLS that is refused', async () => {
      const port = await freePort();
      await formCluster('--port', String(port));
      const url = `redis://127.0.0.1:${port}`;
      const cluster = await open({ cluster: [url] });
      await working(cluster);
      for (const redis of [await open({ url }), ...(cluster as Cluster).nodes()]) {
        await working(redis);
        const { stream } = redis as Redis;
        for (const times of ['once', 'twice']) stream.emit('error', new Error(times));
        await working(redis);
      }
    });

    it('a server that became a replica: looks for the new primary', async () => {
      const server = await serve();
      const redis = await open({ url: server.url });
      const other = server.client();
      await other.replicaof('127.0.0.1', 1);
      const closed = new Promise((resolve) => redis.once('close', resolve));
      expect(await reason(redis.set('a', '1'))).to.match(/READONLY/);
      await closed;
      await other.replicaof('NO', 'ONE');
      await working(redis);
      expect(await redis.set('a', '1')).to.equal('OK');
    });
  });

  describe('closeRedis', () => {
    it('ends the connection, be the server well, frozen or gone', async () => {
      const server = await serve();
      const [well, frozen, gone] = [await open(server), await open(server), await open(server)];
      await closeRedis(well);
      expect(await reason(well.ping())).to.equal('no connection');
      server.freeze();
      await closeRedis(frozen);
      await server.kill();
      await failing(gone);
      await closeRedis(gone);
      // Between two attempts ioredis drops the next one and leaves the status as it is.
      const over = ({ status }: RedisClient): boolean => status === 'end' || status === 'reconnecting';
      while (![well, frozen, gone].every(over)) await delay(5);
    });

    it('firstAttempt does not wait for a server that is silent', async () => {
      const { port, server } = await serveTcp('--requirepass', 'right');
      server.freeze();
      const redis = openRedis({ url: `redis://:right@127.0.0.1:${port}` });
      clients.push(redis);
      await firstAttempt(redis, 1);
      expect(redis.status).not.to.equal('ready');
    });
  });
});

function whoami(redis: RedisClient): Promise<unknown> {
  return (redis as { call(...words: string[]): Promise<unknown> }).call('acl', 'whoami');
}

async function reason(asking: Promise<unknown>): Promise<string> {
  return asking.then(() => NONE, redisFailure);
}

async function working(redis: RedisClient): Promise<void> {
  while ((await reason(redis.ping())) !== NONE) await delay(5);
}

async function failing(redis: RedisClient): Promise<void> {
  while ((await reason(redis.ping())) === NONE) await delay(5);
}

function tlsServer(port: number, authClients: 'yes' | 'no'): string[] {
  const settings = {
    port: 0,
    'tls-port': port,
    'tls-cert-file': tls('server.pem'),
    'tls-key-file': tls('server.key'),
    'tls-ca-cert-file': tls('ca.pem'),
    'tls-auth-clients': authClients,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function tls(name: string): string {
  return fileURLToPath(new URL(`../../../spec/fixtures/tls/${name}`, import.meta.url));
}

/** In a process of its own: the authorities that the system trusts are read at the start. */
async function pingTrusting(ca: string, url: string): Promise<string> {
  const client = JSON.stringify(import.meta.resolve('#src/clients/redis.js'));
  const script = `
    import { closeRedis, firstAttempt, openRedis } from ${client};
    const redis = openRedis({ url: ${JSON.stringify(url)} });
    await firstAttempt(redis);
    process.stdout.write(await redis.ping());
    await closeRedis(redis);`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  return stdout;
}
