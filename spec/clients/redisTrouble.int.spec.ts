import { expect } from 'chai';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { firstAttempt, openRedis, redisFailure, type RedisClient, type RedisLocation } from '#src/clients/redis.js';
import { RedisServer } from '#swarm/redis.js';
import { freePort } from '../support/freePort.js';
import { pem } from './testServer.js';

const HOST = '127.0.0.1';
/** Long enough for several attempts to connect, by the number of questions. */
const ASKED = 24;
const ASK_MS = 25;

const fixture = (name: string): string => fileURLToPath(new URL(`../../../spec/fixtures/tls/${name}`, import.meta.url));

/** What is said of a Redis that can't be used: one and the same cause for as long as that lasts, in our own words. */
describe('why Redis can’t be used', () => {
  const servers: { stop(): Promise<unknown> }[] = [];
  const clients: RedisClient[] = [];
  const warned: unknown[] = [];
  const { warn } = console;

  beforeEach(() => {
    console.warn = (...words: unknown[]) => warned.push(words);
  });
  afterEach(async () => {
    console.warn = warn;
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    expect(warned.splice(0), 'on the console').to.deep.equal([]);
  });

  const serve = async (args: readonly string[] = [], config?: readonly string[]) => {
    const port = await freePort();
    const given = args.includes('--tls-port') ? args : ['--port', String(port), ...args];
    const server = await RedisServer.start({ args: given, ...(config === undefined ? {} : { config }) });
    servers.push(server);
    return { port, server, url: `redis://${HOST}:${port}` };
  };
  const serveTls = async () => {
    const port = await freePort();
    const settings = { port: 0, 'tls-port': port, 'tls-cert-file': fixture('server.pem') };
    const files = { 'tls-key-file': fixture('server.key'), 'tls-ca-cert-file': fixture('ca.pem') };
    await serve(Object.entries({ ...settings, ...files }).flatMap(([name, value]) => [`--${name}`, String(value)]));
    return port;
  };
  const listen = async (server: Server): Promise<string> => {
    const open = new Set<Socket>();
    server.on('connection', (socket: Socket) => open.add(socket));
    await once(server.listen(0, HOST), 'listening');
    servers.push({
      stop: () => {
        for (const socket of open) socket.destroy();
        server.close();
        return Promise.resolve();
      },
    });
    return `redis://${HOST}:${(server.address() as AddressInfo).port}`;
  };
  /** What is said, the same each time that it is asked; but for the very first attempt, which has not ended. */
  const said = async (location: RedisLocation, use = (redis: RedisClient): Promise<unknown> => redis.get('{a}')) => {
    const redis = openRedis(location);
    clients.push(redis);
    await firstAttempt(redis);
    const reasons: string[] = [];
    while (reasons.length < ASKED) {
      const reason = await Promise.resolve()
        .then(() => use(redis))
        .then((reply) => `it works: ${String(reply)}`, redisFailure);
      if (reasons.length > 0 || reason !== 'no connection') reasons.push(reason);
      await delay(ASK_MS);
    }
    // In the first moments a reply, and the end of the connection that follows, may each be met on its own.
    const settled = reasons.slice(ASKED / 4);
    expect([...new Set(settled)], reasons.join('\n')).to.have.length(1);
    expect(settled[0]).to.not.match(/report|retrying from scratch|undefined|RESP/i);
    return settled[0] ?? '';
  };

  describe('a server', () => {
    it('that is not there', async () => {
      const port = await freePort();
      expect(await said({ url: `redis://${HOST}:${port}` })).to.equal(
        `nothing listens at ${HOST}:${port} (ECONNREFUSED)`,
      );
      expect(await said({ url: 'unix:///nowhere/redis.sock' })).to.equal(
        'there is no socket at /nowhere/redis.sock (ENOENT)',
      );
      expect(await said({ url: 'redis://nowhere.invalid' })).to.match(/nowhere\.invalid/);
    });

    it('that has as many clients as it takes', async () => {
      const { server, url } = await serve();
      const admin = server.client();
      await admin.config('SET', 'maxclients', '1');
      for (const login of ['', ':secret@']) {
        expect(await said({ url: url.replace('//', `//${login}`) })).to.match(
          /^the server has as many clients as it allows/,
        );
      }
      await admin.config('SET', 'maxclients', '100');
    });

    it('that is in protected mode', async function () {
      const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
      const outside = own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
      if (outside === undefined) this.skip();
      const { port } = await serve(['--bind', '0.0.0.0', '--protected-mode', 'yes']);
      for (const login of ['', ':secret@']) {
        expect(await said({ url: `redis://${login}${outside}:${port}` })).to.match(
          /^the server is in protected mode.*DENIED/,
        );
      }
    });

    it('that is none of Redis', async () => {
      const http = await listen(createHttpServer((_, response) => response.end('hello')));
      const ssh = await listen(createServer((socket) => socket.on('error', () => undefined).write('SSH-2.0-x\r\n')));
      for (const url of [http, http.replace('//', '//:secret@'), ssh]) {
        expect(await said({ url }), url).to.equal('what answers there is no Redis: check host and port');
      }
    });

    it('that closes each connection', async () => {
      const url = await listen(createServer((socket) => socket.destroy()));
      for (const login of ['', ':secret@']) {
        expect(await said({ url: url.replace('//', `//${login}`) })).to.match(/^the server closes each connection/);
      }
    });

    it('for TLS, named by redis://, and the other way round', async () => {
      const port = await serveTls();
      for (const login of ['', ':secret@']) {
        expect(await said({ url: `redis://${login}${HOST}:${port}` })).to.match(/is named by rediss:\/\/$/);
      }
      const { url } = await serve();
      expect(await said({ url: url.replace('redis:', 'rediss:') })).to.match(/is named by redis:\/\/$/);
    }).timeout(60_000);

    it('whose certificate is not to be trusted, or that does not accept ours', async () => {
      const port = await serveTls();
      const [ca, cert, key] = [pem('ca.pem'), pem('client.pem'), pem('client.key')];
      const at = (tls: object, host = HOST) => said({ url: `rediss://${host}:${port}`, tls });
      expect(await at({ cert, key })).to.match(/certificate.*: name the authority in redis\.tls\.ca$/);
      expect(await at({ ca })).to.match(/certificate.*: check redis\.tls\.cert and redis\.tls\.key$/);
      expect(await at({ ca: pem('other.pem'), cert, key })).to.match(/certificate/);
      // Another address of this host, which the certificate does not name.
      if (process.platform === 'linux') expect(await at({ ca, cert, key }, '127.0.0.2')).to.match(/another host/);
    });

    it('that refuses our login, our database or our command', async () => {
      const { server, url } = await serve(['--databases', '2']);
      const admin = server.client();
      await admin.call('acl', 'setuser', 'few', 'on', '>secret', '~b*', '+get', '+select', '+eval');
      const few = url.replace('//', '//few:secret@');
      expect(await said({ url: url.replace('//', '//few:wrong@') })).to.match(/WRONGPASS/);
      expect(await said({ url: `${url}/5` })).to.match(/no database of that number/);
      expect(await said({ url: few }, (redis) => redis.set('b', '1'))).to.match(
        /NOPERM.*'set' command.*docs\/redis\.md/,
      );
      const script = (redis: RedisClient): Promise<unknown> => redis.eval("return redis.call('set', 'b', '1')", 0);
      expect(await said({ url: few }, script)).to.match(/lacks a permission.*docs\/redis\.md/);
      expect(await said({ url: few })).to.match(/NOPERM.*keys.*docs\/redis\.md/);
      expect(
        await said({ url }, (redis) => (redis as { call(name: string): Promise<unknown> }).call('dance')),
      ).to.match(/does not know the command dance/);
      await admin.config('SET', 'requirepass', 'secret');
      expect(await said({ url })).to.match(/^the server wants a password \(NOAUTH\)/);
      expect(await said({ url: few.replace('few', 'none') })).to.match(/WRONGPASS/);
    });
  });

  describe('sentinels', () => {
    const behind = (nodes: readonly string[], over: object = {}): RedisLocation => ({
      sentinel: { name: 'main', nodes, ...over },
    });

    it('that are not there, are none, want a login, or know no such primary', async () => {
      const { server, port } = await serve();
      const lines = [`sentinel monitor main ${HOST} ${port} 1`];
      const open = await serve(['--sentinel'], lines);
      const closed = await serve(['--sentinel'], [...lines, 'requirepass secret']);
      const [free, locked] = [[`${HOST}:${open.port}`], [`${HOST}:${closed.port}`]];

      expect(await said(behind([`${HOST}:${await freePort()}`, 'nowhere.invalid:1']))).to.match(/^no sentinel answers/);
      expect(await said(behind([`${HOST}:${port}`]))).to.match(/^redis\.sentinel\.nodes names no sentinel/);
      expect(await said(behind(free, { name: 'other' }))).to.match(
        /no primary of that name: check redis\.sentinel\.name/,
      );
      expect(await said(behind(locked))).to.match(/^the sentinels want a password \(NOAUTH\)/);
      expect(await said(behind(locked, { password: 'wrong' }))).to.match(/^the sentinels.*WRONGPASS/);
      expect(await said({ url: open.url })).to.match(/is it a sentinel/);
      await server.client().config('SET', 'requirepass', 'secret');
      expect(await said(behind(free))).to.match(/^the server wants a password \(NOAUTH\): set redis\.password/);
    }).timeout(60_000);
  });

  describe('a cluster', () => {
    const node = async () => {
      const settings = { 'cluster-enabled': 'yes', 'cluster-port': await freePort(), 'cluster-announce-ip': HOST };
      return serve(Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]));
    };

    it('that is not there, is none, wants a login, or does not serve our keys', async () => {
      const plain = await serve();
      const { server, url } = await node();
      expect(await said({ cluster: [`redis://${HOST}:${await freePort()}`, 'redis://nowhere.invalid'] })).to.match(
        /^no node of the cluster answers/,
      );
      expect(await said({ cluster: [plain.url] })).to.match(
        /^the server is no node of a Cluster: name it in redis\.url/,
      );
      expect(await said({ cluster: [url] })).to.match(/^no node of the cluster.*serves our keys/);
      expect(await said({ url })).to.match(/CLUSTERDOWN/);
      expect(await said({ url: `${url}/1` })).to.match(/only the database 0/);
      await server.client().call('cluster', 'addslotsrange', '0', '1000');
      expect(await said({ cluster: [url] })).to.match(/^no node of the cluster.*serves our keys/);
      await server.client().config('SET', 'requirepass', 'secret');
      expect(await said({ cluster: [url], password: 'wrong' })).to.match(/WRONGPASS/);
      expect(await said({ cluster: [url] })).to.match(/^the server wants a password/);
    }).timeout(60_000);
  });

  it('changes with the cause', async () => {
    const { server, url } = await serve();
    const admin = server.client();
    await server.kill();
    const redis = openRedis({ url });
    clients.push(redis);
    const until = async (words: RegExp): Promise<void> => {
      for (;;) {
        const reason = await redis.ping().then(() => 'it works', redisFailure);
        if (words.test(reason)) return;
        await delay(5);
      }
    };
    await until(/ECONNREFUSED/);
    await server.launch();
    await until(/it works/);
    await admin.config('SET', 'requirepass', 'secret');
    await admin.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await until(/NOAUTH/);
    await server.kill();
    await until(/ECONNREFUSED/);
  });
});
