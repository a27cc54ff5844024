import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { librarySource } from '#src/sources/publicIp/library.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { keys, register } from '../support/registry.js';
import { CONSUMERS, HTTPS, PRODUCERS } from './addresses.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const FIRST = '93.184.216.1';
const SECOND = '93.184.216.2';
const uuidOf = (ip: string): string => `00000000-0000-4000-8000-${ip.replaceAll('.', '').padStart(12, '0')}`;

/** What the services say our address is; undefined for silence. */
const says: { dns: string | undefined; https: string | undefined } = { dns: FIRST, https: FIRST };

/** A DNS answer by hand (RFC 1035 §4.1): the question again, and one record of the type that was asked for. */
function dnsAnswer(query: Buffer, ip: string): Buffer {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const type = question.readUInt16BE(question.length - 4);
  const data =
    type === 1 ? Buffer.from(ip.split('.').map(Number)) : Buffer.from(`${String.fromCharCode(ip.length)}${ip}`);
  const head = Buffer.from([...query.subarray(0, 2), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([head, question, record, data]);
}

describe('on an internet of its own', () => {
  let server: RedisServer;
  let redis: Redis;
  let dns: Socket;
  let https: Server;
  let consumers: Endpoint[] = [];
  let producers: Producer[] = [];
  const running: Scheduler[] = [];

  before(async () => {
    dns = createSocket('udp4');
    dns.on('message', (query, { address, port }) => {
      if (says.dns !== undefined) dns.send(dnsAnswer(query, says.dns), port, address);
    });
    dns.bind(53, '0.0.0.0');
    await once(dns, 'listening');
    const fixture = (name: string) =>
      readFileSync(fileURLToPath(new URL(`../../../spec/fixtures/tls/${name}`, import.meta.url)));
    https = createServer({ key: fixture('server.key'), cert: fixture('server.pem') }, (_, response) => {
      if (says.https !== undefined) response.end(`${says.https}\n`);
    }).listen(443, HTTPS);
    await once(https, 'listening');
    server = await RedisServer.start();
    redis = server.client();
    consumers = await Promise.all(CONSUMERS.map((host) => startConsumer({ uuid: uuidOf(host), host, port: 80 })));
    producers = await Promise.all(PRODUCERS.map((host) => Producer.start({ host, port: 80 })));
    for (const ip of CONSUMERS) await register(redis, 'consumer', uuidOf(ip), { ip });
    for (const ip of PRODUCERS) await register(redis, 'producer', uuidOf(ip), { ip });
  });

  after(async () => {
    for (const scheduler of running) {
      await scheduler.kill();
      await scheduler.clear();
    }
    for (const endpoint of [...consumers, ...producers.map((one) => one.endpoint)]) await endpoint.goDark();
    dns.close();
    https.closeAllConnections();
    https.close();
    await server.stop();
  });

  describe('public-ip', () => {
    const ask = (way: 'dns' | 'https') => librarySource(way, 'ipv4').lookup(new AbortController().signal);
    before(() => {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    });
    after(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      says.dns = FIRST;
      says.https = FIRST;
    });

    it('is asked in its two ways', async () => {
      says.https = SECOND;
      expect(await ask('dns')).to.deep.equal({ ok: true, ip: FIRST });
      expect(await ask('https')).to.deep.equal({ ok: true, ip: SECOND });
    });

    it('an address that is not public is no answer', async () => {
      says.dns = '192.168.1.1';
      says.https = '192.168.1.1';
      expect(await ask('https')).to.deep.equal({ ok: false, reason: 'address-denied' });
      expect(await ask('dns')).to.deep.equal({ ok: false, reason: 'address-denied' });
    });

    it('an answer over HTTPS is never taken for one of DNS', async () => {
      // DNS answers with something that is no address, at which the library turns to HTTPS without saying so.
      says.dns = '';
      says.https = SECOND;
      expect(await ask('https')).to.deep.equal({ ok: true, ip: SECOND });
      expect(await ask('dns')).to.deep.equal({ ok: false, reason: 'unreachable' });
    });

    it('a service that is not there is no answer', async () => {
      says.https = 'Log in';
      expect(await ask('https')).to.deep.equal({ ok: false, reason: 'unreachable' });
    });
  });

  describe('the scheduler', () => {
    it('synchronizes on port 80, finds its public IP, announces each change of it and nothing else', async () => {
      const config = {
        uuid: US,
        redis: { url: server.url },
        sync: { interval: '500ms', timeout: '300ms' },
        publicIp: { interval: '500ms', timeout: '2s' },
      };
      const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
      const scheduler = await Scheduler.start(config, env);
      running.push(scheduler);
      const told = () => producers.map((producer) => producer.told.get(US));

      await scheduler.logged(({ event }) => event === 'announcements.complete');
      expect(told()).to.deep.equal([[FIRST], [FIRST]]);
      for (const ip of CONSUMERS) {
        await eventually(async () => {
          expect(await redis.hgetall(keys.consumer(uuidOf(ip)))).to.include({ available: '1', state: 'available' });
        });
      }
      expect(JSON.parse(consumers[0]?.calls[0]?.body ?? '')).to.deep.equal({ uuid: US });

      // One of the two ways alone is no quorum: they disagree, and nothing is announced.
      says.https = SECOND;
      await scheduler.logged(({ event }) => event === 'ip.disagreed');
      expect(told()).to.deep.equal([[FIRST], [FIRST]]);

      const calls = consumers.map((endpoint) => endpoint.calls.length);
      says.dns = SECOND;
      await Promise.all(
        producers.map(({ endpoint, told: ips }) => endpoint.until(() => ips.get(US)?.at(-1) === SECOND)),
      );
      expect(told()).to.deep.equal([
        [FIRST, SECOND],
        [FIRST, SECOND],
      ]);
      expect(await redis.hgetall(keys.scheduler)).to.include({ ip: SECOND });
      await consumers[0]?.until((endpoint) => endpoint.calls.length > (calls[0] ?? 0));

      expect(await scheduler.stop()).to.equal(0);
      const again = await Scheduler.start(config, env);
      running.push(again);
      await again.logged(({ event }) => event === 'ip.confirmed');
      await again.logged(({ event }) => event === 'round.finished');
      expect(await again.stop()).to.equal(0);
      expect(
        told().map((ips) => ips?.length),
        'a restart without a change',
      ).to.deep.equal([2, 2]);
    });
  });
});
