import { expect } from 'chai';
import { NEVER, ReplaySubject, type Observable } from 'rxjs';
import type { Lane, RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { recheck, sweep, type LaneItem, type LaneSource, type RegistryReader } from '#src/streams/sync/sweep.js';
import { entry } from '../../support/entries.js';
import { oneByOne } from '../../support/oneByOne.js';
import { ALL } from '../../support/shares.js';

const SELF = 'self';

class FakeRegistry implements RegistryReader {
  pagesRead = 0;
  readonly looked: (readonly string[])[] = [];
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
    this.looked.push(uuids);
    if (this.failsAt === 0) return Promise.reject(new Error('away'));
    return Promise.resolve(this.content.flat().filter(({ uuid }) => uuids.includes(uuid)));
  }
}

const GOOD = { ...UNCHECKED, state: 'available' as const };
const DEAD = { ...UNCHECKED, state: 'unavailable' as const, failures: 3 };
const good = (uuid: string, over: Partial<RegistryEntry> = {}) => entry(uuid, { health: GOOD, checkedAt: 1, ...over });

let book: PeerBook;
let roundTrigger: RoundTrigger;
let steadyMs: number;

const source = (registry: RegistryReader): LaneSource => ({
  registry,
  book,
  shares: ALL,
  self: SELF,
  clock: { wall: () => 1_000, steady: () => steadyMs },
  roundTrigger,
  explain: () => 'away',
});
const nameOf = (item: LaneItem): string => {
  if ('entry' in item) return item.entry.uuid;
  return item.event.kind === 'peer.malformed' ? `${item.event.error} ${item.event.uuid}` : item.event.kind;
};
const all = async (items: AsyncIterable<LaneItem>): Promise<string[]> => {
  const seen: string[] = [];
  for await (const item of items) seen.push(nameOf(item));
  return seen;
};
const sweepOf = (registry: RegistryReader, round = 1): AsyncGenerator<LaneItem> =>
  oneByOne(sweep(source(registry), round, 60_000));
const recheckOf = (
  registry: RegistryReader,
  lane: Lane,
  ended$: Observable<unknown> = NEVER,
): AsyncGenerator<LaneItem> => oneByOne(recheck(source(registry), lane, 100, ended$));
const swept = (registry: RegistryReader, round = 1): Promise<string[]> => all(sweepOf(registry, round));

beforeEach(() => {
  book = new PeerBook(['public']);
  roundTrigger = new RoundTrigger();
  steadyMs = 0;
});

describe('sweep', () => {
  it('gives the peers in good standing, takes note of the others and leaves us out', async () => {
    const registry = new FakeRegistry([
      [good('a'), good('SELF')],
      [entry('b', { health: DEAD }), good('c'), entry('new')],
    ]);
    expect(await swept(registry)).to.deep.equal(['a', 'c']);
    expect(book.size).to.equal(4);
  });

  it('gives a member that the registry names twice once', async () => {
    expect(await swept(new FakeRegistry([[good('a')], [good('a')]]))).to.deep.equal(['a']);
  });

  it('reads the next page only when the last one is used up', async () => {
    const registry = new FakeRegistry([[good('a'), good('b')], [good('c')]]);
    const items = sweepOf(registry);
    await items.next();
    await items.next();
    expect(registry.pagesRead).to.equal(1);
    await items.next();
    expect(registry.pagesRead).to.equal(2);
  });

  it('drops peers that left the registry', async () => {
    const registry = new FakeRegistry([[good('a'), good('b')]]);
    await swept(registry);
    registry.content = [[good('b')]];
    expect(await swept(registry, 2)).to.deep.equal(['b']);
    expect(book.lastKnown('a')).to.equal(undefined);
  });

  it('goes on over the last known peers where Redis fails on the way, and drops none', async () => {
    const registry = new FakeRegistry([[good('a')], [good('b')], [entry('c', { health: DEAD })]]);
    await swept(registry);
    registry.pagesRead = 0;
    registry.failsAt = 1;
    expect(await swept(registry, 2)).to.deep.equal(['a', 'redis.failed', 'b']);
    expect(book.size).to.equal(3);
  });

  it('names an entry that can’t be called once, and gives it to no lane', async () => {
    const odd = entry('odd', { stored: { ip: 'nonsense', port: null } });
    const denied = good('denied', { stored: { ip: '10.0.0.1', port: null } });
    const registry = new FakeRegistry([[odd, denied, good('a')]]);
    expect(await swept(registry)).to.deep.equal(['address-invalid odd', 'address-denied denied', 'a']);
    expect(await swept(registry, 2)).to.deep.equal(['a']);
    expect([book.laneOf('odd'), book.laneOf('denied')]).to.deep.equal([undefined, undefined]);
  });

  it('names none that the registry has as such already', async () => {
    const known = entry('odd', { stored: { ip: 'nonsense', port: null }, reportedFault: 'address-invalid' });
    expect(await swept(new FakeRegistry([[known]]))).to.deep.equal([]);
  });

  it('triggers a round for peers that were never checked, when they are found and not again', async () => {
    let triggered = 0;
    const subscription = roundTrigger
      .trigger$('pending')
      .subscribe({ next: () => (triggered += 1), error: (error: unknown) => expect.fail(String(error)) });
    const registry = new FakeRegistry([[good('a')], [entry('new'), entry('newer')]]);
    await swept(registry);
    expect(triggered).to.equal(1);
    await swept(registry, 2);
    expect(triggered).to.equal(1);
    subscription.unsubscribe();
  });

  it('reads an entry again before its call where the calls before took their time', async () => {
    const registry = new FakeRegistry([[good('a'), good('b'), good('gone')]]);
    const items = sweepOf(registry);
    await items.next();
    registry.content = [[good('b', { stored: { ip: '9.9.9.9', port: null } })]];
    steadyMs = 101;
    const next = await items.next();
    expect(next.value).to.have.nested.property('entry.stored.ip', '9.9.9.9');
    expect(await all(items)).to.deep.equal([]);
  });

  it('calls the last known address where it could not be read again', async () => {
    const registry = new FakeRegistry([[good('a'), good('b')]]);
    const items = sweepOf(registry);
    await items.next();
    registry.failsAt = 0;
    steadyMs = 101;
    expect((await all(items)).slice(0, 2)).to.deep.equal(['redis.failed', 'b']);
  });

  it('reads the entries again a second after that, so that peers that left by then are not called', async () => {
    const registry = new FakeRegistry([[good('a'), good('b'), good('c'), good('gone')]]);
    const items = sweepOf(registry);
    await items.next();
    registry.failsAt = 0;
    steadyMs = 101;
    expect(nameOf((await items.next()).value as LaneItem)).to.equal('redis.failed');
    expect(nameOf((await items.next()).value as LaneItem)).to.equal('b');
    registry.failsAt = Infinity;
    registry.content = [[good('c')]];
    steadyMs = 1_102;
    expect(await all(items)).to.deep.equal(['c']);
  });

  it('the same where the failure cut the pages short', async () => {
    const registry = new FakeRegistry([[good('a')], [good('b'), good('c'), good('gone')]]);
    await swept(registry);
    registry.pagesRead = 0;
    registry.failsAt = 1;
    const items = sweepOf(registry, 2);
    for (const expected of ['a', 'redis.failed', 'b']) {
      expect(nameOf((await items.next()).value as LaneItem)).to.equal(expected);
    }
    registry.content = [[good('c')]];
    steadyMs = 1_001;
    expect(await all(items)).to.deep.equal(['c']);
  });
});

describe('recheck', () => {
  const dead = (checkedAt: number) => ({ checkedAt, health: DEAD });
  const due = (registry: RegistryReader, everyMs: number): Promise<string[]> =>
    all(oneByOne(recheck(source(registry), 'unavailable', everyMs, NEVER)));
  const known = (...entries: RegistryEntry[]): FakeRegistry => {
    for (const one of entries) book.remember(one, 1);
    return new FakeRegistry([entries]);
  };

  it('gives the peers of the lane whose last check is old enough', async () => {
    const registry = known(entry('old', dead(900)), entry('new', dead(901)), good('good'));
    expect(await due(registry, 100)).to.deep.equal(['old']);
  });

  it('drops peers that left the registry, and passes over one that recovered elsewhere', async () => {
    const registry = known(entry('gone', dead(1)), entry('back', dead(1)), entry('dead', dead(1)));
    registry.content = [[good('back', { checkedAt: 500 }), entry('dead', dead(1))]];
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

  it('reads them again a second later, once Redis answers', async () => {
    const many = Array.from({ length: 130 }, (_, i) => entry(`p${String(i)}`, dead(1)));
    const registry = known(...many);
    registry.failsAt = 0;
    const items = recheckOf(registry, 'unavailable');
    for (let i = 0; i < 65; i += 1) await items.next();
    registry.failsAt = Infinity;
    registry.content = [many.slice(0, 70)];
    steadyMs = 1_001;
    expect(await all(items)).to.deep.equal(['p64', 'p65', 'p66', 'p67', 'p68', 'p69']);
  });

  it('of the pending lane, newcomers that are found on the way come before second looks', async () => {
    const failed = (uuid: string) => entry(uuid, { checkedAt: 1, health: { ...UNCHECKED, failures: 1 } });
    const many = Array.from({ length: 100 }, (_, i) => failed(`again${String(i)}`));
    const registry = known(...many);
    const items = recheckOf(registry, 'pending');
    const first = await items.next();
    expect(nameOf(first.value as LaneItem)).to.equal('again0');
    book.remember(entry('newcomer'), 1);
    registry.content.push([entry('newcomer')]);
    const rest = await all(items);
    expect(rest.indexOf('newcomer')).to.be.lessThan(rest.indexOf('again64'));
    expect(new Set(rest).size, 'each once').to.equal(100);
  });

  it('of the pending lane, never the same peer twice, though its check says nothing', async () => {
    expect(await all(recheckOf(known(entry('a'), entry('b')), 'pending'))).to.deep.equal(['a', 'b']);
  });

  describe('of the pending lane, while the last of its calls are under way', () => {
    const meet = (registry: FakeRegistry, uuid: string): void => {
      registry.content.push([entry(uuid)]);
      book.remember(entry(uuid), 1);
      roundTrigger.trigger('pending');
    };
    /** A round over one peer, `a`, whose call is under way. */
    async function calling(ended$: Observable<unknown> = NEVER) {
      const registry = known(entry('a'));
      const items = recheckOf(registry, 'pending', ended$);
      expect(nameOf((await items.next()).value as LaneItem)).to.equal('a');
      book.reserve('a');
      return { registry, items };
    }

    it('newcomers that are found are given at once; it ends with the last call', async () => {
      const { registry, items } = await calling();
      const next = items.next();
      meet(registry, 'b');
      expect(nameOf((await next).value as LaneItem)).to.equal('b');
      book.reserve('b');
      const last = items.next();
      book.unreserve('a');
      book.hold('b');
      expect(await last).to.deep.equal({ done: true, value: undefined });
    });

    it('it ends where the round is to end', async () => {
      const ended$ = new ReplaySubject<string>(1);
      const { items } = await calling(ended$);
      const next = items.next();
      ended$.next('stop');
      expect(await next).to.deep.equal({ done: true, value: undefined });
    });

    it('it ends where the round is as old as a second look, so that second looks and new settings have their turn', async () => {
      const { items } = await calling();
      steadyMs = 100;
      expect(await items.next()).to.deep.equal({ done: true, value: undefined });
    });
  });
});
