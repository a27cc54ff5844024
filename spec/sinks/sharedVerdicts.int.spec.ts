import { expect } from 'chai';
import { redisFailure } from '#src/clients/redis.js';
import type { Guard } from '#src/domain/share.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { PeerBook } from '#src/state/peerBook.js';
import { SoleShares, type Shares } from '#src/state/shares.js';
import { entry } from '../support/entries.js';
import { keys, privateRedis, register } from '../support/registry.js';

describe('verdicts under the locks of their shares, on a real Redis', () => {
  const shared = privateRedis();
  const known = (uuid: string) => entry(uuid, { stored: { ip: '127.0.0.1', port: null } });
  const state = (uuid: string) => shared.redis.hget(keys.consumer(uuid), 'state');
  let book: PeerBook;
  let sink: WriteBack;
  let guards: Map<string, Guard>;
  let refused: string[];

  beforeEach(async () => {
    book = new PeerBook(['loopback']);
    refused = [];
    guards = new Map(['a', 'b', 'c'].map((uuid) => [uuid, { key: `p2p:lock-${uuid}`, token: `${uuid}:1` }]));
    const sole = new SoleShares('p2p:leader', { token: () => '', refused: () => undefined });
    const shares: Shares = {
      ...{ divided: true, portion: 1, change$: sole.change$ },
      ...{ of: () => 0, mine: () => true, holds: () => true },
      guardOf: (uuid) => guards.get(uuid),
      refused: (what, locks) => refused.push(what, ...[...locks].map(({ key }) => key)),
    };
    sink = new WriteBack(shared.redis, keys, book, () => 7, redisFailure, { hours: 24, days: 1 }, shares, 'nas-1');
    for (const uuid of ['a', 'b', 'c']) {
      await register(shared.redis, 'consumer', uuid);
      await shared.redis.set(`p2p:lock-${uuid}`, `${uuid}:1`);
      book.remember(known(uuid), 1);
      book.record(known(uuid), {
        ...{ at: 5, outcome: { ok: true, latencyMs: 3 }, counted: true, health: { ...UNCHECKED, state: 'available' } },
      });
    }
  });

  it('are written together, each under its own, and name who checked', async () => {
    expect(await sink.flush()).to.deep.equal([]);
    for (const uuid of ['a', 'b', 'c']) {
      expect(await shared.redis.hgetall(keys.consumer(uuid))).to.include({ state: 'available', checked_by: 'nas-1' });
    }
    expect(book.unwrittenCount).to.equal(0);
  });

  it('are left out where the lock is another’s, and the others are written', async () => {
    await shared.redis.set('p2p:lock-b', 'x:9');
    expect(await sink.flush()).to.deep.equal([{ kind: 'verdicts.fenced', at: 7, rows: 1 }]);
    expect([await state('a'), await state('b'), await state('c')]).to.deep.equal(['available', null, 'available']);
    expect(refused).to.deep.equal(['verdicts', 'p2p:lock-b']);
    expect([...book.unwrittenRows()].map(({ uuid }) => uuid)).to.deep.equal(['b']);
    // Its share goes with it: nothing is left to write.
    book.forget('b');
    expect(await sink.flush()).to.deep.equal([]);
  });

  it('wait while no lock of ours is there, and hold up nobody else’s', async () => {
    const guard = guards.get('a');
    guards.delete('a');
    expect(await sink.flush()).to.deep.equal([]);
    expect([await state('a'), await state('b')]).to.deep.equal([null, 'available']);
    expect(refused).to.deep.equal([]);
    expect(sink.hasUnwritten).to.equal(true);
    if (guard !== undefined) guards.set('a', { ...guard, token: 'a:2' });
    await shared.redis.set('p2p:lock-a', 'a:2');
    expect(await sink.flush()).to.deep.equal([]);
    expect(await state('a')).to.equal('available');
  });

  it('bring no history either where they are refused', async () => {
    sink.writeHistoryWithVerdicts();
    const at = Date.UTC(2026, 5, 1);
    book.record(known('b'), {
      ...{ at, outcome: { ok: true, latencyMs: 3 }, counted: true, health: { ...UNCHECKED, state: 'available' } },
    });
    await shared.redis.set('p2p:lock-b', 'x:9');
    await sink.flush();
    expect(await shared.redis.exists(keys.history('b'))).to.equal(0);
    await shared.redis.set('p2p:lock-b', 'b:1');
    await sink.flush();
    expect(await shared.redis.exists(keys.history('b'))).to.equal(1);
  });
});
