import { servePlain, type TestServer } from '../clients/testServer.js';
import { describeOutput } from '../support/foreign/run.js';
import { WORDS } from '../support/foreign/words.js';
import { privateRedis, register } from '../support/registry.js';

const HOST = '127.0.0.1';
const uuidOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const body = (text: string, status = '200 OK', header = ''): string =>
  `HTTP/1.1 ${status}\r\n${header}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;

/** Where in an answer a stranger's words may stand. */
const ANSWERS: readonly ((words: string) => string)[] = [
  (words) => body('', `200 ${words}`),
  (words) => body('', `500 ${words}`),
  (words) => body('', '200 OK', `x-words: ${words}\r\n`),
  (words) => body('', '503 Busy', `retry-after: ${words}\r\n`),
  (words) => body('', '302 There', `location: ${words}\r\n`),
  (words) => body(words),
  (words) => body(words, '404 No'),
  (words) => body(JSON.stringify({ uuid: words })),
  (words) => body(`{"uuid":"${words}"}`),
  (words) => words,
];

describe('strangers’ words in the answers of peers', () => {
  const shared = privateRedis();

  const servers: TestServer[] = [];
  beforeEach(async () => {
    for (const words of Object.values(WORDS)) {
      for (const answer of ANSWERS) {
        const server = await servePlain({ act: (socket) => socket.end(answer(words)) });
        const i = servers.push(server);
        const fields = { ip: HOST, port: new URL(server.url).port };
        await register(shared.redis, i % 4 === 0 ? 'producer' : 'consumer', uuidOf(i), fields);
      }
    }
  });
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
  describeOutput(shared);
});
