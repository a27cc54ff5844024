import { expect } from 'chai';
import fc from 'fast-check';
import { concatMap, fromEvent, lastValueFrom, map, skipWhile, take } from 'rxjs';
import { openRedis, redisFailure } from '#src/clients/redis.js';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import { redisHealth } from '#src/sources/redisHealth.js';
import { RegistrySource } from '#src/sources/registry.js';
import { RedisServer } from '#swarm/redis.js';
import { keys, limitedClient, privateRedis, register } from '../support/registry.js';

describe('RegistrySource, on a real Redis', () => {
  const shared = privateRedis();
  const all = async (): Promise<Map<string, RegistryEntry>> => {
    const seen = new Map<string, RegistryEntry>();
    for await (const page of new RegistrySource(shared.redis, keys).pages(() => true)) {
      for (const entry of page) seen.set(entry.uuid, entry);
    }
    return seen;
  };

  it('reads an entry with what the scheduler wrote to it', async () => {
    await register(shared.redis, 'consumer', 'a', {
      ip: '1.1.1.1',
      port: 81,
      state: 'suspect',
      failures: 2,
      checked_at: 1234,
      error: 'timeout',
      state_since: 1200,
      last_ok_at: 1100,
      latency_ms: 7,
      last_seen: 1300,
    });
    expect((await all()).get('a')).to.deep.equal({
      uuid: 'a',
      stored: { ip: '1.1.1.1', port: '81' },
      health: { state: 'suspect', failures: 2, successes: 0, countedGeneration: 0 },
      checkedAt: 1234,
      reportedFault: null,
      facts: { stateAt: 1200, okAt: 1100, latencyMs: 7, calledAt: 1300 },
    });
  });

  it('takes whatever else stands there for nothing', async () => {
    await register(shared.redis, 'consumer', 'odd', {
      state: 'purple',
      failures: '-3',
      checked_at: 'yesterday',
      error: 'address-denied',
    });
    await shared.redis.sadd(keys.consumers, 'none');
    await shared.redis.sadd(keys.consumers, 'text');
    await shared.redis.set(keys.consumer('text'), 'not a hash');
    const seen = await all();
    expect(seen.get('odd')).to.deep.include({ checkedAt: 0, reportedFault: null });
    expect(seen.get('odd')?.health).to.include({ state: undefined, failures: 0 });
    expect(seen.get('none')?.stored).to.deep.equal({ ip: null, port: null });
    expect(seen.get('text')?.stored).to.deep.equal({ ip: null, port: null });
  });

  it('reads fields with any bytes, those that separate the fields in the reply of its script as well', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 }).map((all) => Buffer.from(all));
    const separators = fc.constantFrom('\x1f', '\x1f\x1f', '|', '\n', '\0').map((text) => Buffer.from(text));
    const field = fc.oneof(bytes, separators);
    await fc.assert(
      fc.asyncProperty(field, field, async (ip, port) => {
        await register(shared.redis, 'consumer', 'plain', { ip: '1.1.1.1', port: '80' });
        await shared.redis.hset(keys.consumer('odd'), { ip, port, failures: 2, latency_ms: 7 });
        await shared.redis.sadd(keys.consumers, 'odd');
        const seen = await all();
        expect(seen.get('plain')?.stored).to.deep.equal({ ip: '1.1.1.1', port: '80' });
        const odd = seen.get('odd');
        expect(odd?.stored).to.deep.equal({ ip: ip.toString('latin1'), port: port.toString('latin1') });
        expect([odd?.health.failures, odd?.facts?.latencyMs]).to.deep.equal([2, 7]);
      }),
      { numRuns: 100, examples: [[Buffer.from('\x1f'), Buffer.from('80')]] },
    );
  });

  it('takes a fault for said where both fields say it, and knows where there is no hash to say it in', async () => {
    const said = { error: 'address-denied', available: '0' };
    await register(shared.redis, 'consumer', 'both', said);
    await register(shared.redis, 'consumer', 'half', { ...said, available: '1' });
    await register(shared.redis, 'consumer', 'other', { ...said, error: 'timeout' });
    await register(shared.redis, 'consumer', 'fields', { last_seen: '5' });
    await shared.redis.sadd(keys.consumers, 'none', 'text');
    await shared.redis.set(keys.consumer('text'), 'not a hash');
    const seen = await all();
    expect(Object.fromEntries([...seen].map(([uuid, entry]) => [uuid, entry.reportedFault]))).to.deep.equal({
      ...{ both: 'address-denied', half: null, other: null, fields: null, none: undefined, text: undefined },
    });
  });

  it('reads a large registry in pages, each asked for when it is needed', async () => {
    const pipeline = shared.redis.pipeline();
    for (let i = 0; i < 2_000; i += 1)
      pipeline.hset(keys.consumer(`p${i}`), 'ip', '1.1.1.1').sadd(keys.consumers, `p${i}`);
    await pipeline.exec();
    const source = new RegistrySource(shared.redis, keys);
    expect(await source.count()).to.equal(2_000);
    let largest = 0;
    const seen = new Set<string>();
    for await (const page of source.pages(() => true)) {
      largest = Math.max(largest, page.length);
      for (const { uuid } of page) seen.add(uuid);
    }
    expect(seen.size).to.equal(2_000);
    expect(largest).to.be.at.most(300);
  });

  it('an empty registry is an empty page', async () => {
    expect((await all()).size).to.equal(0);
  });

  it('reads the named ones, and leaves out who is no longer registered', async () => {
    await register(shared.redis, 'consumer', 'a');
    await register(shared.redis, 'consumer', 'b');
    await shared.redis.srem(keys.consumers, 'b');
    const entries = await new RegistrySource(shared.redis, keys).read(['a', 'b', 'c']);
    expect(entries.map(({ uuid }) => uuid)).to.deep.equal(['a']);
  });

  describe('where the user may run no script', () => {
    const ODD = 'odd\u00ff';
    const refusals = async () => ((await shared.redis.call('ACL', 'LOG')) as unknown[]).length;

    beforeEach(async () => {
      await register(shared.redis, 'consumer', 'a', { ip: '1.1.1.1', port: 81, state: 'suspect', failures: 2 });
      await shared.redis.hset(Buffer.from(keys.consumer(ODD), 'latin1'), 'ip', Buffer.from([0xff]));
      await shared.redis.sadd(keys.consumers, Buffer.from(ODD, 'latin1'), 'none', 'text', 'fields');
      await shared.redis.set(keys.consumer('text'), 'not a hash');
      await shared.redis.hset(keys.consumer('fields'), 'last_seen', '5');
      await shared.redis.call('ACL', 'LOG', 'RESET');
    });

    for (const rules of [['-evalsha'], ['-eval'], ['-eval', '-evalsha']]) {
      it(`reads the same without (${rules.join(' ')})`, async () => {
        await shared.redis.script('FLUSH');
        const source = new RegistrySource(await limitedClient(shared, ...rules), keys);
        const found: RegistryEntry[] = [];
        for await (const page of source.pages(() => true)) found.push(...page);
        await shared.redis.call('ACL', 'SETUSER', 'limited', '+@all');
        const known = await all();
        expect(known.size).to.equal(5);
        expect(new Map(found.map((entry) => [entry.uuid, entry]))).to.deep.equal(known);
      });
    }

    it('leaves out who is no longer registered', async () => {
      await shared.redis.srem(keys.consumers, 'a');
      const source = new RegistrySource(await limitedClient(shared, '-evalsha', '-eval'), keys);
      const found = await source.read(['a', ODD, 'text', 'c']);
      expect(found.map(({ uuid }) => uuid)).to.deep.equal([ODD, 'text']);
    });

    it('tries a script again after a minute, and not before', async () => {
      let steadyMs = 1_000;
      const source = new RegistrySource(await limitedClient(shared, '-evalsha'), keys, () => steadyMs);
      await source.read(['a']);
      await source.read(['a']);
      steadyMs += 59_999;
      await source.read(['a']);
      expect(await refusals()).to.equal(1);
      await shared.redis.call('ACL', 'SETUSER', 'limited', '+@all');
      await shared.redis.config('RESETSTAT');
      steadyMs += 1;
      await source.read(['a']);
      expect(await shared.redis.info('commandstats')).to.match(/cmdstat_evalsha/);
    });

    it('rejects where reading is refused as well', async () => {
      const source = new RegistrySource(await limitedClient(shared, '-evalsha', '-hmget'), keys);
      expect(await source.read(['a']).then(String, String)).to.include('hmget');
    });
  });

  it('rejects where the set is no set', async () => {
    await shared.redis.set(keys.consumers, 'a text');
    expect(await all().catch((error: unknown) => error)).to.be.an('error');
  });

  it('asks for nothing that grows with the database', async () => {
    await register(shared.redis, 'consumer', 'a');
    await shared.redis.config('RESETSTAT');
    await all();
    const stats = await shared.redis.info('commandstats');
    expect(stats)
      .to.match(/cmdstat_sscan/)
      .and.not.match(/cmdstat_(keys|scan|smembers|flush)/);
  });
});

describe('redisHealth', () => {
  it('tells when Redis goes, and when it is back', async () => {
    const server = await RedisServer.start();
    const client = openRedis({ socketPath: server.socketPath });
    const told: boolean[] = [];
    await lastValueFrom(
      redisHealth(() => client.ping(), fromEvent(client, 'close'), redisFailure).pipe(
        map(({ up }) => up),
        skipWhile((up) => !up),
        // Each thing that is told sets off the next.
        concatMap(async (up) => {
          told.push(up);
          if (told.length === 1) await server.kill();
          if (told.length === 2) await server.launch();
        }),
        take(3),
      ),
      { defaultValue: undefined },
    );
    expect(told).to.deep.equal([true, false, true]);
    client.disconnect();
    await server.stop();
  });
});
