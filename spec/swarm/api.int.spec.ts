import { expect } from 'chai';
import fetch from 'node-fetch';
import { sign, SIGNATURE_HEADER } from '#src/domain/call/signature.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { keys, privateRedis } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const CALLER = 'aaaaaaaa-0000-4000-8000-000000000000';
const SECRET = 'a secret of ours';

describe('the reference API', () => {
  const shared = privateRedis();
  let api: Endpoint | undefined;
  afterEach(() => api?.goDark());

  const post = async (endpoint: Endpoint, path: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${endpoint.port}${path}`, { method: 'POST', body, headers });
    return { status: response.status, body: await response.text() };
  };
  const started = async (over: { secret?: string; portOf?: () => number } = {}): Promise<Endpoint> =>
    (api = await startConsumer({
      uuid: US,
      host: '127.0.0.1',
      registry: { redis: shared.redis, prefix: 'p2p:' },
      ...over,
    }));

  it('registers the caller at the address that it calls from, and answers with its own UUID', async () => {
    const { status, body } = await post(await started(), '/sync', JSON.stringify({ uuid: CALLER }));
    expect(status).to.equal(200);
    expect(JSON.parse(body)).to.deep.equal({ uuid: US });
    expect(await shared.redis.smembers(keys.consumers)).to.deep.equal([CALLER]);
    const entry = await shared.redis.hgetall(keys.consumer(CALLER));
    expect(Object.keys(entry)).to.have.members(['ip', 'last_seen']);
    expect(entry.ip).to.equal('127.0.0.1');
  });

  it('registers it at the address that it asks for, with the port that the network agrees on', async () => {
    await post(await started({ portOf: () => 81 }), '/sync', JSON.stringify({ uuid: CALLER, ip: '9.9.9.9' }));
    expect(await shared.redis.hgetall(keys.consumer(CALLER))).to.include({ ip: '9.9.9.9', port: '81' });
  });

  it('touches nothing that is the scheduler’s', async () => {
    await shared.redis.hset(keys.consumer(CALLER), { state: 'suspect', failures: 1 });
    await post(await started(), '/sync', JSON.stringify({ uuid: CALLER }));
    expect(await shared.redis.hgetall(keys.consumer(CALLER))).to.include({ state: 'suspect', failures: '1' });
  });

  for (const body of [
    '',
    'no json',
    '[]',
    'null',
    '{"uuid":7}',
    '{"uuid":"short"}',
    `{"uuid":"${CALLER}","ip":"host"}`,
  ]) {
    it(`refuses the body ${JSON.stringify(body)}, and registers nobody`, async () => {
      expect((await post(await started(), '/sync', body)).status).to.equal(400);
      expect(await shared.redis.exists(keys.consumers)).to.equal(0);
    });
  }

  it('answers at its path alone, and to POST alone', async () => {
    const endpoint = await started();
    expect((await post(endpoint, '/', '{}')).status).to.equal(404);
    expect((await fetch(`http://127.0.0.1:${endpoint.port}/sync`)).status).to.equal(405);
  });

  it('with a secret takes signed calls only', async () => {
    const endpoint = await started({ secret: SECRET });
    const body = JSON.stringify({ uuid: CALLER });
    expect((await post(endpoint, '/sync', body)).status).to.equal(401);
    const signed = { [SIGNATURE_HEADER]: sign(SECRET, body, Date.now()) };
    expect((await post(endpoint, '/sync', body, signed)).status).to.equal(200);
    expect((await post(endpoint, '/sync', `${body} `, signed)).status).to.equal(401);
  });

  it('goes dark and comes back at the same address', async () => {
    const endpoint = await started();
    const { port } = endpoint;
    await endpoint.goDark();
    const failure: unknown = await post(endpoint, '/sync', '{}').catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'ECONNREFUSED');
    await endpoint.comeBack();
    expect(endpoint.port).to.equal(port);
    expect((await post(endpoint, '/', '{}')).status).to.equal(404);
  });

  it('a producer remembers what it was told, in order', async () => {
    const producer = await Producer.start({ host: '127.0.0.1' });
    for (const ip of ['1.1.1.1', '8.8.8.8']) {
      expect((await post(producer.endpoint, '/ip', JSON.stringify({ uuid: CALLER, ip }))).status).to.equal(204);
    }
    expect((await post(producer.endpoint, '/ip', JSON.stringify({ uuid: CALLER }))).status).to.equal(400);
    expect(producer.told.get(CALLER)).to.deep.equal(['1.1.1.1', '8.8.8.8']);
    await producer.endpoint.goDark();
  });
});
