import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { ipCall, parseCall, readBody, termOf, verify } from 'consumer-scheduler/wire';

// A producer: takes the address of each consumer, and keeps it in a file.
const { HOST: host = '::', PORT: port = '80', SIGNING_SECRET: secret = '' } = process.env;
const { STORE: file = 'consumers.json' } = process.env;
const MOST = 100_000;

/** By UUID: the address, and the highest term that came with a call. */
const known = new Map(Object.entries(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}));
let written = Promise.resolve();

/** Resolves once all that is known is in the file. */
function store() {
  written = written
    .catch(() => undefined)
    .then(() => writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(known))))
    .then(() => rename(`${file}.new`, file));
  return written;
}

/** The status of an answer: 2xx only once the address is stored, since a call is repeated until then. */
async function answer(request) {
  if (request.url !== '/ip') return 404;
  if (request.method !== 'POST') return 405;
  const body = await readBody(request);
  if (body === undefined) return 413;
  const { headers } = request;
  if (secret && !verify(secret, { headers, body, at: Date.now() })) return 401;
  const call = parseCall(ipCall, body);
  if (!call) return 400;
  if (!known.has(call.uuid) && known.size >= MOST) return 503;
  // A process that was overtaken meanwhile may still send what is no longer true. A term is believed where it is signed.
  const highest = known.get(call.uuid)?.term ?? 0;
  const term = (secret && termOf({ headers })) || highest;
  if (term < highest) return 409;
  known.set(call.uuid, { ip: call.ip, term });
  await store();
  return 204;
}

const server = createServer(async (request, response) => {
  const status = await answer(request).catch((error) => {
    console.error(`not answered: ${error.message}`);
    return 503;
  });
  response.writeHead(status).end();
});
server.listen({ host, port: Number(port) }, () => console.log(`listening on port ${server.address().port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    server.closeIdleConnections();
  });
}
