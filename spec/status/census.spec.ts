import { expect } from 'chai';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { PeerFacts, PeerState } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import { census, stateOf } from '#src/status/census.js';
import { entry } from '../support/entries.js';

const NOW = 1_764_000_000_000;

describe('the census', () => {
  let book: PeerBook;
  const add = (uuid: string, state: PeerState | undefined, facts: Partial<PeerFacts> = {}, ip = '1.1.1.1'): void => {
    const all = { stateAt: NOW, okAt: 0, latencyMs: 0, calledAt: 0, ...facts };
    book.remember(
      entry(uuid, {
        stored: { ip, port: null },
        health: { ...UNCHECKED, state },
        checkedAt: state ? NOW - 9_000 : 0,
        facts: all,
      }),
      1,
    );
  };
  const take = (called = NOW - 180_000, answered = 0) => census(book, NOW, { called, answered });

  beforeEach(() => {
    book = new PeerBook(['public']);
  });

  it('of nobody is empty', () => {
    const found = take();
    expect(found).to.deep.include({ failing: [], callers: undefined, answeredSince: { count: 0, of: 0 } });
    expect(found.lanes.regular).to.deep.equal({ peers: 0, oldestCheckAt: undefined });
    expect(found.percentile(0.5)).to.equal(undefined);
    expect(found.scopes.size).to.equal(0);
  });

  it('counts who is in which lane and scope, those that may not be called left out', () => {
    add('a', 'available');
    add('b', 'suspect');
    add('c', 'unavailable', {}, '2001:4860::1');
    add('d', undefined);
    add('e', 'available', {}, '10.0.0.1');
    add('f', undefined, {}, 'nonsense');
    const { lanes, scopes } = take();
    expect(Object.entries(lanes).map(([lane, { peers }]) => [lane, peers])).to.deep.equal([
      ...[
        ['regular', 1],
        ['suspect', 1],
        ['pending', 1],
        ['unavailable', 1],
      ],
    ]);
    expect(lanes.regular.oldestCheckAt).to.equal(NOW - 9_000);
    expect(lanes.pending.oldestCheckAt).to.equal(undefined);
    expect([...scopes.keys()]).to.have.members(['public IPv4', 'public IPv6']);
    const states = [...book.entries()].map(([, row]) => stateOf(row));
    expect(states).to.deep.equal(['available', 'suspect', 'unavailable', 'pending', 'denied', 'invalid']);
  });

  it('knows who has called since, to the second, and that nobody ever has', () => {
    add('a', 'available', { calledAt: NOW - 180_000 });
    add('b', 'available', { calledAt: NOW - 181_001 });
    add('c', 'available');
    add('d', undefined, { calledAt: NOW });
    expect(take().callers).to.include({ count: 1, of: 3 });
    // Of times that are kept to the second, one that may be late enough counts.
    expect(take(NOW - 180_000 + 400).callers).to.include({ count: 1 });
    book = new PeerBook(['public']);
    add('a', 'available');
    expect(take(0).callers).to.equal(undefined);
  });

  it('believes no call in the future', () => {
    add('a', 'available', { calledAt: NOW + 3_600_000 });
    expect(take().callers).to.deep.equal({ count: 1, of: 1, lastAt: NOW });
  });

  it('counts who has answered since', () => {
    add('a', 'available', { okAt: NOW - 1_000 });
    add('b', 'unavailable', { okAt: NOW - 60_000 });
    add('c', 'suspect');
    expect(take(0, NOW - 30_000).answeredSince).to.deep.equal({ count: 1, of: 3 });
    expect(take(0, NOW - 60_000).answeredSince).to.deep.equal({ count: 2, of: 3 });
  });

  it('tells how long answers take, by those that answer', () => {
    for (let i = 1; i <= 100; i += 1) add(`a${i}`, 'available', { okAt: NOW, latencyMs: i * 10 });
    add('x', 'unavailable', { okAt: NOW, latencyMs: 60_000 });
    const { percentile } = take();
    for (const share of [0.5, 0.95, 0.99, 1]) {
      const exact = share * 1_000;
      expect(percentile(share), String(share)).to.be.within(exact * 0.85, exact * 1.15);
    }
  });
});
