import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { startConsumer } from '#swarm/consumer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { FAULTS } from '../clients/faults.js';
import { pem, servePlain, serveTls, type TestServer } from '../clients/testServer.js';
import { CLIENTS } from '../support/clients.js';
import { eventually } from '../support/eventually.js';
import { enter, settle, type Peer } from '../support/peers/crowd.js';
import type { Kind } from '../support/peers/kinds.js';
import { watching } from '../support/peers/sightings.js';
import { keys } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const EACH = 2;

describe('peers that misbehave over TLS, all at once', () => {
  const strangers: TestServer[] = [];
  const started: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of started.splice(0).reverse()) await end();
    strangers.length = 0;
  });

  const kind = (what: string, reason: Kind['reason'], serve: () => Promise<TestServer>): Kind => ({
    what,
    reason,
    start: async () => {
      const server = await serve();
      if (reason === 'tls') strangers.push(server);
      return { port: Number(new URL(server.url).port), calls: () => server.requests.length, close: server.close };
    },
  });
  const secured = (owner: string, fault = FAULTS.noContent) => serveTls({ owner, fault });
  const KINDS: readonly Kind[] = [
    kind('a good one', undefined, () => secured('server')),
    kind('a certificate that nobody trusts', 'tls', () => secured('stranger')),
    kind('a certificate for another name', 'tls', () => secured('other')),
    kind('a certificate for another purpose', 'tls', () => secured('client')),
    kind('what is neither TLS nor HTTP', 'tls', () => servePlain({ ...FAULTS.malformed, when: 'connected' })),
    kind('a connection and then nothing', 'timeout', () => servePlain({ ...FAULTS.silence, when: 'connected' })),
    kind('a reset on connecting', 'reset', () => servePlain(FAULTS.resetAtOnce)),
    kind('another identity', 'identity-mismatch', () => secured('server', FAULTS.well)),
    kind('silence', 'timeout', () => secured('server', FAULTS.silence)),
    kind('a close within the body', 'reset', () => secured('server', FAULTS.closeInBody)),
    {
      what: 'plain HTTP on the port',
      reason: 'tls',
      start: async (uuid) => {
        const endpoint = await startConsumer({ uuid, host: '127.0.0.1' });
        return { port: endpoint.port, calls: () => endpoint.calls.length, close: () => endpoint.goDark() };
      },
    },
  ];

  for (const [client] of CLIENTS)
    it(`called by ${client}, none is ever available, each has its reason, and nothing is told to strangers`, async () => {
      const server = await RedisServer.start();
      started.push(() => server.stop());
      const redis = server.client();
      const peers: readonly Peer[] = await settle(KINDS.map((one) => [one, EACH]));
      started.push(() => Promise.all(peers.map(({ home }) => home.close())));
      const bad = peers.filter((peer) => peer.kind.reason !== undefined);
      const ca = join(server.folder, 'trusted.pem');
      await writeFile(ca, `${pem('ca.pem')}${pem('other.pem')}`);

      const { available } = await watching(
        redis,
        bad.map(({ uuid }) => uuid),
        async () => {
          await enter(redis, peers);
          const scheduler = await Scheduler.start({
            uuid: US,
            redis: { url: server.url },
            sync: {
              scheme: 'https',
              interval: '200ms',
              timeout: '800ms',
              suspectInterval: '100ms',
              unavailable: { interval: '100ms' },
            },
            availability: { fall: 2 },
            http: { client, tls: { ca } },
            publicIp: { override: '127.0.0.1' },
            network: { allow: ['loopback'] },
          });
          started.push(async () => {
            await scheduler.kill();
            await scheduler.clear();
          });
          for (const peer of peers) {
            await eventually(async () => {
              const { reason } = peer.kind;
              expect(await redis.hgetall(keys.consumer(peer.uuid)), peer.kind.what).to.include(
                reason === undefined ? { state: 'available' } : { state: 'unavailable', error: reason, available: '0' },
              );
            });
          }
          expect(await scheduler.stop()).to.equal(0);
        },
      );
      expect(available).to.deep.equal(new Set());
      expect(strangers.flatMap(({ requests }) => requests)).to.deep.equal([]);
    });
});
