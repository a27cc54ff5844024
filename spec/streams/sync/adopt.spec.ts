import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { PeerBook } from '#src/state/peerBook.js';
import { adopt, recheck, sweep, type LaneItems, type LaneSource } from '#src/streams/sync/sweep.js';
import { MemoryRegistry } from '../../support/deps.js';
import { entry } from '../../support/entries.js';
import { oneByOne } from '../../support/oneByOne.js';

const NOW = 1_000_000;
const INTERVAL_MS = 60_000;

describe('the lanes, where the registry is divided', () => {
  let ours: Set<string>;
  let book: PeerBook;
  let registry: MemoryRegistry;
  let source: LaneSource;
  const known = (uuid: string, checkedAt = NOW - INTERVAL_MS, over: Partial<RegistryEntry> = {}) =>
    entry(uuid, { health: { ...UNCHECKED, state: 'available' }, checkedAt, ...over });

  beforeEach(() => {
    ours = new Set(['a', 'b']);
    book = new PeerBook(['public'], () => 0);
    registry = new MemoryRegistry([known('a'), known('b'), known('c')]);
    source = {
      ...{ registry, book, self: 'us', roundTrigger: new RoundTrigger(), explain: () => 'away' },
      shares: { mine: (uuid) => ours.has(uuid) },
      clock: { wall: () => NOW, steady: () => 0 },
    };
  });
  const all = async (batches: LaneItems): Promise<string[]> => {
    const seen: string[] = [];
    for await (const item of oneByOne(batches)) seen.push('entry' in item ? item.entry.uuid : item.event.kind);
    return seen;
  };
  const swept = (round = 1) => all(sweep(source, round, INTERVAL_MS));

  it('a round goes over our own peers', async () => {
    expect(await swept()).to.deep.equal(['a', 'b']);
    expect([...book.uuids()]).to.deep.equal(['a', 'b']);
  });

  it('a round leaves a peer alone whose share has gone while it was read', async () => {
    let asked = 0;
    source = { ...source, shares: { mine: (uuid) => ours.has(uuid) && (asked += 1) < 4 } };
    expect(await swept()).to.deep.equal(['a']);
    expect([...book.uuids()]).to.deep.equal(['a']);
  });

  it('a round leaves those for later that another one has checked just now', async () => {
    registry.entries = [known('a', NOW - 0.4 * INTERVAL_MS), known('b', NOW - 0.5 * INTERVAL_MS)];
    expect(await swept()).to.deep.equal(['b']);
    expect(await all(recheck(source, 'regular', INTERVAL_MS, NEVER))).to.deep.equal([]);
    source = { ...source, clock: { wall: () => NOW + 0.6 * INTERVAL_MS, steady: () => 0 } };
    expect(await all(recheck(source, 'regular', INTERVAL_MS, NEVER))).to.deep.equal(['a']);
  });

  it('shares that come are read, with what is wrong in them', async () => {
    registry.entries = [known('a'), known('c'), known('us'), entry('odd', { stored: { ip: 'odd', port: null } })];
    expect(await all(adopt(source, (uuid) => uuid !== 'a'))).to.deep.equal(['peer.malformed']);
    expect([...book.uuids()]).to.have.members(['c', 'odd']);
  });

  it('what goes again while it is read does not come in', async () => {
    let isThere = true;
    async function* pages() {
      isThere = false;
      yield await Promise.resolve([known('c')]);
    }
    const leaving = { ...source, registry: { pages, read: () => Promise.resolve([]) } };
    const read = adopt(leaving, () => isThere);
    expect(await all(read)).to.deep.equal([]);
    expect(book.size).to.equal(0);
  });

  it('a Redis that fails on the way is told', async () => {
    registry.away = true;
    expect(await all(adopt(source, () => true))).to.deep.equal(['redis.failed']);
  });
});
