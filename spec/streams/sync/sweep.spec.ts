import { expect } from 'chai';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { recheck, sweep, type LaneItem, type RegistryReader } from '#src/streams/sync/sweep.js';
import { entry } from '../../support/entries.js';

const SELF = 'self';

class FakeRegistry implements RegistryReader {
  pagesRead = 0;
  failsAt = Infinity;

  constructor(public content: (readonly RegistryEntry[])[]) {}

  async *pages(): AsyncGenerator<readonly RegistryEntry[]> {
    for (const page of this.content) {
      if (this.pagesRead === this.failsAt) throw new Error('away');
      this.pagesRead += 1;
      yield await Promise.resolve(page);
    }
  }

  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]> {
    if (this.failsAt === 0) return Promise.reject(new Error('away'));
    return Promise.resolve(this.content.flat().filter(({ uuid }) => uuids.includes(uuid)));
  }
}

describe('sweep', () => {
  const dead = { ...UNCHECKED, state: 'unavailable' as const, failures: 3 };
  let book: PeerBook;
  const source = (registry: RegistryReader) => ({
    registry,
    book,
    self: SELF,
    wall: () => 1_000,
    explain: () => 'away',
  });
  const all = async (items: AsyncIterable<LaneItem>): Promise<string[]> => {
    const seen: string[] = [];
    for await (const item of items) seen.push('entry' in item ? item.entry.uuid : item.event.kind);
    return seen;
  };

  beforeEach(() => {
    book = new PeerBook();
  });

  it('gives the peers in good standing, takes note of the others and leaves us out', async () => {
    const registry = new FakeRegistry([
      [entry('a'), entry('SELF')],
      [entry('b', { health: dead }), entry('c')],
    ]);
    expect(await all(sweep(source(registry), 1))).to.deep.equal(['a', 'c']);
    expect(book.size).to.equal(3);
  });

  it('gives a member that the registry names twice once', async () => {
    expect(await all(sweep(source(new FakeRegistry([[entry('a')], [entry('a')]])), 1))).to.deep.equal(['a']);
  });

  it('reads the next page only when the last one is used up', async () => {
    const registry = new FakeRegistry([[entry('a'), entry('b')], [entry('c')]]);
    const items = sweep(source(registry), 1);
    await items.next();
    await items.next();
    expect(registry.pagesRead).to.equal(1);
    await items.next();
    expect(registry.pagesRead).to.equal(2);
  });

  it('forgets whoever left the registry', async () => {
    const registry = new FakeRegistry([[entry('a'), entry('b')]]);
    await all(sweep(source(registry), 1));
    registry.content = [[entry('b')]];
    expect(await all(sweep(source(registry), 2))).to.deep.equal(['b']);
    expect(book.lastKnown('a')).to.equal(undefined);
  });

  it('goes on over the last known peers where Redis fails on the way, and forgets nobody', async () => {
    const registry = new FakeRegistry([[entry('a')], [entry('b')], [entry('c', { health: dead })]]);
    await all(sweep(source(registry), 1));
    registry.pagesRead = 0;
    registry.failsAt = 1;
    expect(await all(sweep(source(registry), 2))).to.deep.equal(['a', 'redis.failed', 'b']);
    expect(book.size).to.equal(3);
  });
});

describe('recheck', () => {
  const dead = (checkedAt: number) => ({
    checkedAt,
    health: { ...UNCHECKED, state: 'unavailable' as const, failures: 3 },
  });
  let book: PeerBook;
  const due = async (registry: RegistryReader, everyMs: number): Promise<string[]> => {
    const seen: string[] = [];
    const source = { registry, book, self: SELF, wall: () => 1_000, explain: () => 'away' };
    for await (const item of recheck(source, 'unavailable', everyMs)) {
      seen.push('entry' in item ? item.entry.uuid : item.event.kind);
    }
    return seen;
  };
  const known = (...entries: RegistryEntry[]): FakeRegistry => {
    for (const one of entries) book.remember(one, 1);
    return new FakeRegistry([entries]);
  };

  beforeEach(() => {
    book = new PeerBook();
  });

  it('gives the peers of the lane whose last check is old enough', async () => {
    const registry = known(entry('old', dead(900)), entry('new', dead(901)), entry('good', { checkedAt: 1 }));
    expect(await due(registry, 100)).to.deep.equal(['old']);
  });

  it('drops whoever left the registry, and whoever recovered elsewhere', async () => {
    const registry = known(entry('gone', dead(1)), entry('back', dead(1)), entry('dead', dead(1)));
    registry.content = [
      [entry('back', { checkedAt: 500, health: { ...UNCHECKED, state: 'available' } }), entry('dead', dead(1))],
    ];
    expect(await due(registry, 100)).to.deep.equal(['dead']);
    expect(book.lastKnown('gone')).to.equal(undefined);
  });

  it('calls with the address of the moment', async () => {
    const registry = known(entry('a', dead(1)));
    registry.content = [[entry('a', { ...dead(1), stored: { ip: '9.9.9.9', port: null } })]];
    expect(await due(registry, 100)).to.deep.equal(['a']);
    expect(book.lastKnown('a')?.stored.ip).to.equal('9.9.9.9');
  });

  it('goes on over the last known ones while Redis is away, saying so once', async () => {
    const many = Array.from({ length: 600 }, (_, i) => entry(`p${String(i)}`, dead(1)));
    const registry = known(...many);
    registry.failsAt = 0;
    const seen = await due(registry, 100);
    expect(seen.filter((uuid) => uuid === 'redis.failed')).to.have.length(1);
    expect(seen).to.have.length(601);
  });
});
