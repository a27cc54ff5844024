import { expect } from 'chai';
import { readPage } from '#src/cli/peers/readPage.js';
import { keys, limitedClient, privateRedis, register } from '../../support/registry.js';

describe('readPage, on a real Redis', () => {
  const shared = privateRedis();

  it('reads the same where the user may run no script', async () => {
    await register(shared.redis, 'consumer', 'a', { ip: '1.1.1.1', port: 81 });
    await register(shared.redis, 'producer', 'a', { ip: '2.2.2.2', error: 'timeout' });
    await shared.redis.zadd(keys.announcements, 5, 'a');
    for (const key of [keys.consumer('text'), keys.producer('text')]) await shared.redis.set(key, 'no hash');
    const limited = await limitedClient(shared, '-eval');
    for (const kind of ['consumer', 'producer'] as const) {
      for (const names of [[], ['ip', 'error']]) {
        const read = (redis: typeof limited) =>
          readPage({ redis, keys, uuid: undefined, allow: undefined }, kind, ['a', 'text', 'none'], names);
        const found = await read(shared.redis);
        expect(found.map(({ owing }) => owing)).to.deep.equal([kind === 'producer', false, false]);
        expect(await read(limited)).to.deep.equal(found);
      }
    }
  });
});
