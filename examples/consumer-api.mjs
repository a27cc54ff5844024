import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { openRegistry } from 'consumer-scheduler/registry';
import { callerAddress, parseCall, readBody, syncCall, verify } from 'consumer-scheduler/wire';

// A complete consumer API. LOCAL_UUID, REDIS_URL and KEY_PREFIX are those of the scheduler beside it.
const { LOCAL_UUID: uuid, REDIS_URL = 'redis://127.0.0.1:6379/0', KEY_PREFIX: prefix = 'p2p:' } = process.env;
const { HOST: host = '::', PORT: port = '80', SIGNING_SECRET: secret = '' } = process.env;
if (!uuid) throw new Error('LOCAL_UUID: expected the UUID of this node');

const redis = new Redis(REDIS_URL, { maxRetriesPerRequest: 1 });
redis.on('error', (error) => console.error(`redis: ${error.message}`));
const registry = openRegistry({ redis, prefix });

/** The status of an answer, and its body. */
async function answer(request) {
  if (request.url !== '/sync') return [404];
  if (request.method !== 'POST') return [405];
  const from = callerAddress(request.socket);
  const body = await readBody(request);
  if (body === undefined) return [413];
  if (secret && !verify(secret, { headers: request.headers, body, at: Date.now() })) return [401];
  const call = parseCall(syncCall, body);
  if (!call || !from) return [400];
  const { outcome } = await registry.register('consumer', { uuid: call.uuid, ip: call.ip ?? from, from });
  return outcome === 'registered' ? [200, { uuid }] : [429];
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request).catch((error) => {
    console.error(`not answered: ${error.message}`);
    return [503];
  });
  response.writeHead(status, { 'content-type': 'application/json' }).end(body && JSON.stringify(body));
});
server.listen({ host, port: Number(port) }, () => console.log(`listening on port ${server.address().port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => redis.disconnect());
    server.closeIdleConnections();
  });
}
