import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { describeOutput } from '../support/foreign/run.js';
import { WORDS } from '../support/foreign/words.js';
import { privateRedis, register } from '../support/registry.js';

const HOST = '127.0.0.1';
const uuidOf = (i: number): string => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;

describe('strangers’ words in the registry', () => {
  const shared = privateRedis();
  let good: Endpoint;
  beforeEach(async () => {
    good = await startConsumer({ uuid: uuidOf(0), host: HOST });
  });
  afterEach(() => good.goDark());

  describe('in the fields of an entry', () => {
    beforeEach(async () => {
      const { redis } = shared;
      await register(redis, 'consumer', uuidOf(0), { ip: HOST, port: good.port });
      for (const [i, words] of Object.values(WORDS).entries()) {
        const entries: readonly Record<string, string | number>[] = [
          { ip: words },
          { ip: `${HOST}${words}`, state: 'available', available: 1 },
          { ip: HOST, port: words },
          { ip: HOST, port: 1, last_seen: words, note: words, [words]: words },
          { ip: HOST, port: 1, state: words, error: words, failures: words, checked_at: words, notified_ip: words },
        ];
        for (const [j, fields] of entries.entries()) {
          for (const kind of ['consumer', 'producer'] as const)
            await register(redis, kind, uuidOf(i * 10 + j + 1), fields);
        }
      }
    });
    describeOutput(shared);
  });

  describe('where a UUID should be', () => {
    beforeEach(async () => {
      for (const words of Object.values(WORDS)) {
        for (const kind of ['consumer', 'producer'] as const) {
          await register(shared.redis, kind, words, { ip: HOST, port: good.port });
          await register(shared.redis, kind, `${words} with no address`, { ip: 'none' });
          await register(shared.redis, kind, `${words} that nobody answers for`, {
            ip: HOST,
            port: 1,
            uuid: words,
            kind: words,
          });
        }
      }
    });
    describeOutput(shared);
  });
});
