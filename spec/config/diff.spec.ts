import { expect } from 'chai';
import { changedKeys, needsRestart } from '#src/config/diff.js';
import { loadText, UUID } from './support.js';

const load = async (config: object) => (await loadText(JSON.stringify({ uuid: UUID, ...config }))).config;

describe('changedKeys', () => {
  it('names each key whose value differs, as it is written', async () => {
    const before = await load({});
    const after = await load({
      sync: { interval: '61s', headers: { a: 'b' }, unavailable: { concurrency: 1 } },
      announce: { retry: { max: '1h' } },
      publicIp: { sources: ['https'], override: '10.0.0.1' },
      redis: { sentinel: { name: 'x', nodes: ['h:1'] } },
    });
    expect(changedKeys(before, after)).to.have.members([
      'sync.interval',
      'sync.headers',
      'sync.unavailable.concurrency',
      'announce.retry.max',
      'publicIp.sources',
      'publicIp.override',
      'redis.sentinel',
    ]);
    expect(changedKeys(after, before)).to.have.members(changedKeys(before, after));
  });

  it('names nothing where only the writing differs', async () => {
    expect(
      changedKeys(await load({ sync: { interval: '60s' } }), await load({ sync: { interval: '1m' } })),
    ).to.deep.equal([]);
  });
});

describe('needsRestart', () => {
  it('names what is fixed for as long as the process runs', () => {
    const fixed = ['uuid', 'redis.url', 'redis.keyPrefix', 'redis.sentinel', 'status.host', 'status.port'];
    expect(needsRestart([...fixed, 'status.enabled', 'sync.port', 'log.level'])).to.deep.equal(fixed);
  });
});
