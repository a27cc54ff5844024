import { expect } from 'chai';
import { Redis } from 'ioredis';
import { openRegistry, type Registry, type RegistryEvent } from '#src/registry.js';
import { eventually } from '../support/eventually.js';
import { keys, privateRedis } from '../support/registry.js';

describe('the events of a registry', () => {
  const shared = privateRedis();
  let registry: Registry;
  beforeEach(() => {
    registry = openRegistry({ redis: shared.redis });
  });
  const happened = (type: string, data = '{}', at: number | string = 5): Promise<string | null> =>
    shared.redis.xadd(keys.events, '*', 'type', type, 'at', at, 'data', data);
  /** Connections of which Redis says that they wait. */
  const waiting = async (): Promise<number> =>
    [...String(await shared.redis.client('LIST')).matchAll(/ cmd=xread /g)].length;
  const taken = async (events: AsyncIterable<RegistryEvent>, count: number): Promise<RegistryEvent[]> => {
    const found: RegistryEvent[] = [];
    for await (const event of events) if (found.push(event) === count) break;
    return found;
  };

  it('are all that are kept after an id, and then each as it comes', async () => {
    const first = (await happened('redis.up')) ?? '';
    await happened('peer.suspect', '{"uuid":"x"}');
    const after = taken(registry.events({ after: first }), 2);
    await eventually(async () => {
      expect(await waiting()).to.equal(1);
    });
    const id = await happened('peer.available', '{"uuid":"y"}', 6);
    const [one, other] = await after;
    expect(one).to.deep.include({ type: 'peer.suspect', at: 5, data: { uuid: 'x' } });
    expect(other).to.deep.equal({ id, type: 'peer.available', at: 6, data: { uuid: 'y' } });
    expect((await taken(registry.events({ after: '0' }), 3)).map(({ type }) => type)).to.deep.equal([
      'redis.up',
      'peer.suspect',
      'peer.available',
    ]);
  });

  it('begin with what comes where no id is given, and miss nothing between two', async () => {
    await happened('redis.up');
    const all = taken(registry.events(), 300);
    await eventually(async () => {
      expect(await waiting()).to.equal(1);
    });
    for (let i = 0; i < 300; i += 1) await happened(`number.${i}`);
    expect((await all).map(({ type }) => type)).to.deep.equal(Array.from({ length: 300 }, (_, i) => `number.${i}`));
  });

  it('are read on where what was written is no JSON, or has no time', async () => {
    const id = (await happened('odd', 'no json', 'never')) ?? '';
    expect(await taken(registry.events({ after: '0' }), 1)).to.deep.equal([
      { id, type: 'odd', at: Number(id.split('-')[0]), data: 'no json' },
    ]);
  });

  it('end at the signal, and leave no connection behind', async () => {
    const stop = new AbortController();
    const all = taken(registry.events({ signal: stop.signal }), 1);
    await eventually(async () => {
      expect(await waiting()).to.equal(1);
    });
    stop.abort();
    expect(await all).to.deep.equal([]);
    await eventually(async () => {
      expect(await waiting()).to.equal(0);
    });
  });

  it('end where the signal has come before', async () => {
    await happened('redis.up');
    expect(await taken(registry.events({ after: '0', signal: AbortSignal.abort() }), 1)).to.deep.equal([]);
  });

  it('leave no connection behind where the reader goes', async () => {
    await happened('redis.up');
    await taken(registry.events({ after: '0' }), 1);
    await eventually(async () => {
      expect(await waiting()).to.equal(0);
    });
  });

  it('throw where Redis fails, after which they go on by the last id', async () => {
    await shared.redis.set(keys.events, 'text');
    const error: unknown = await taken(registry.events({ after: '0' }), 1).catch((one: unknown) => one);
    expect(String(error)).to.include('WRONGTYPE');
    await shared.redis.del(keys.events);
    await happened('redis.up');
    expect(await taken(registry.events({ after: '0' }), 1)).to.have.length(1);
  });

  for (const after of ['$', '-', 'x', '1-2-3', '']) {
    it(`can’t be after ${JSON.stringify(after)}`, async () => {
      const error: unknown = await taken(registry.events({ after }), 1).catch((one: unknown) => one);
      expect(error).to.be.instanceOf(TypeError);
    });
  }

  for (const replyMapping of ['legacy', 'resp3'] as const) {
    it(`are the same over RESP3 with ${replyMapping} replies`, async () => {
      const redis = new Redis({ path: shared.server.socketPath, protocol: 3, replyMapping });
      try {
        await happened('redis.up');
        const [event] = await taken(openRegistry({ redis }).events({ after: '0' }), 1);
        expect(event).to.include({ type: 'redis.up', at: 5 });
      } finally {
        redis.disconnect();
      }
    });
  }
});
