import { expect } from 'chai';
import type { PeerHealth, RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook, RECENT_RESULTS, type CheckResult } from '#src/state/peerBook.js';
import { UNCHECKED } from '#src/domain/peer/health.js';

describe('PeerBook', () => {
  const health = (state: PeerHealth['state'], failures = 0): PeerHealth => ({ ...UNCHECKED, state, failures });
  const entry = (uuid: string, over: Partial<RegistryEntry> = {}): RegistryEntry => ({
    uuid,
    stored: { ip: '1.1.1.1', port: null },
    health: UNCHECKED,
    checkedAt: 0,
    reportedFault: null,
    ...over,
  });
  const checked = (state: PeerHealth['state'], at: number, failures = 0): CheckResult => ({
    at,
    counted: true,
    health: health(state, failures),
    outcome: failures === 0 ? { ok: true, latencyMs: 3.4 } : { ok: false, reason: 'timeout' },
  });
  /** As the sink does: everything that waits is written. */
  const writeAll = () => {
    for (const row of book.unwrittenRows()) book.acknowledge(row);
  };
  /** The peer as it is known once the round has read the entry. */
  const take = (read: RegistryEntry, round: number, asOf?: number) => {
    book.remember(read, round, asOf);
    return book.lastKnown(read.uuid);
  };
  let book: PeerBook;

  beforeEach(() => {
    book = new PeerBook(['public']);
  });

  it('meets each peer once a round', () => {
    expect(book.remember(entry('a'), 1)).to.equal(true);
    expect(book.remember(entry('a'), 1)).to.equal(false);
    expect(book.remember(entry('a'), 2)).to.equal(true);
  });

  it('has nothing to tell any more of a peer that has left, whoever has come in its place', () => {
    book.remember(entry('a', { checkedAt: 100 }), 1);
    const [, row] = [...book.entries()][0] ?? [];
    book.forget('a');
    book.remember(entry('b', { checkedAt: 200 }), 1);
    expect(row?.checkedAt).to.equal(0);
    expect(book.lastKnown('b')?.checkedAt).to.equal(200);
  });

  it('takes the address from the registry, always', () => {
    book.remember(entry('a'), 1);
    book.record(entry('a'), checked('available', 100));
    const met = take(entry('a', { stored: { ip: '9.9.9.9', port: '81' } }), 2);
    expect(met?.stored).to.deep.equal({ ip: '9.9.9.9', port: '81' });
  });

  it('keeps a result that is not written yet, whatever the registry says meanwhile', () => {
    book.remember(entry('a', { checkedAt: 100, health: health('available') }), 1);
    book.record(entry('a'), checked('suspect', 200, 1));
    expect(take(entry('a', { checkedAt: 100, health: health('available') }), 2)?.health.state).to.equal('suspect');
  });

  it('keeps a result that was written while the registry was being read', () => {
    book.remember(entry('a', { checkedAt: 100, health: health('available') }), 1);
    const asOf = book.revision;
    book.record(entry('a'), checked('suspect', 200, 1));
    writeAll();
    const read = entry('a', { checkedAt: 100, health: health('available') });
    expect(take(read, 2, asOf)?.health.state).to.equal('suspect');
    expect(take(read, 3)?.health.state, 'read after it was written').to.equal('available');
  });

  it('believes the registry where all is written, but keeps the counts it does not store', () => {
    book.remember(entry('a', { checkedAt: 100 }), 1);
    book.record(entry('a'), {
      ...checked(undefined, 200),
      health: { state: 'unavailable', failures: 0, successes: 1, countedGeneration: 0 },
    });
    writeAll();
    const met = take(entry('a', { checkedAt: 200, health: health('unavailable') }), 2);
    expect(met?.health).to.deep.equal({ state: 'unavailable', failures: 0, successes: 1, countedGeneration: 0 });
  });

  it('starts afresh with an entry that was removed and made again', () => {
    book.remember(entry('a', { checkedAt: 100, health: health('unavailable', 3) }), 1);
    expect(take(entry('a'), 2)?.health).to.deep.equal(UNCHECKED);
  });

  it('does not bring back a peer that left', () => {
    book.remember(entry('a'), 1);
    book.forget('a');
    expect(book.record(entry('a'), checked('available', 1)), 'taken').to.equal(false);
    expect(book.lastKnown('a')).to.equal(undefined);
    expect(book.unwrittenCount).to.equal(0);
  });

  it('forgets whoever a whole round has not met', () => {
    book.remember(entry('a'), 1);
    book.remember(entry('b'), 1);
    book.remember(entry('b'), 2);
    book.evictNotSeen(2);
    expect([book.lastKnown('a')?.uuid, book.lastKnown('b')?.uuid]).to.deep.equal([undefined, 'b']);
  });

  it('gives the peers of a lane that a round has not met, each once', () => {
    book.remember(entry('met', { health: health('available') }), 2);
    book.remember(entry('left', { health: health('available') }), 1);
    book.remember(entry('dead', { health: health('unavailable') }), 1);
    expect([...book.notSeenIn(2, 'regular')]).to.deep.equal(['left']);
    expect([...book.notSeenIn(2, 'regular')]).to.deep.equal([]);
  });

  it('knows who is due in a lane', () => {
    book.remember(entry('old', { checkedAt: 100, health: health('unavailable') }), 1);
    book.remember(entry('new', { checkedAt: 300, health: health('unavailable') }), 1);
    book.remember(entry('good', { checkedAt: 100, health: health('available') }), 1);
    book.remember(entry('failing', { checkedAt: 100, health: health(undefined, 1) }), 1);
    book.remember(entry('never'), 1);
    expect(book.due('unavailable', 400, 200)).to.deep.equal(['old']);
    expect([book.hasDue('unavailable', 400, 200), book.hasDue('unavailable', 400, 400)]).to.deep.equal([true, false]);
    expect(book.due('pending', 400, 200), 'first looks before second ones').to.deep.equal(['never', 'failing']);
    book.reserve('never');
    expect(book.due('pending', 400, 200), 'one under way is not due').to.deep.equal(['failing']);
  });

  it('one that was checked in the future is due: the clock has gone back', () => {
    book.remember(entry('a', { checkedAt: 86_400_000, health: health('unavailable') }), 1);
    expect(book.due('unavailable', 1_000, 200)).to.deep.equal(['a']);
  });

  it('reserves a peer for one check at a time', () => {
    expect(book.reserve('a')).to.equal(true);
    expect(book.reserve('a')).to.equal(false);
    book.unreserve('a');
    expect(book.reserve('a')).to.equal(true);
  });

  it('forgets a fault once the peer could be called: what is allowed may change, and change back', () => {
    const denied = entry('a', { reportedFault: 'address-denied', checkedAt: 100 });
    book.remember(denied, 1);
    book.record(entry('a'), checked('available', 200));
    expect(book.lastKnown('a')?.reportedFault).to.equal(null);
    expect(take(denied, 2)?.reportedFault, 'the registry has yet to hear of it').to.equal(null);
    writeAll();
    expect(take({ ...denied, checkedAt: 200 }, 3)?.reportedFault).to.equal('address-denied');
  });

  it('has a witness beside a peer in another of its scope that can be called', () => {
    const at = (ip: string) => ({ stored: { ip, port: null } });
    book = new PeerBook(['public', 'loopback']);
    book.remember(entry('a'), 1);
    expect(book.hasPeerBeside('a', 'public IPv4')).to.equal(false);
    book.remember(entry('denied', at('10.0.0.1')), 1);
    book.remember(entry('near', at('127.0.0.1')), 1);
    book.remember(entry('other family', at('2606:4700::1')), 1);
    expect(book.hasPeerBeside('a', 'public IPv4')).to.equal(false);
    book.remember(entry('b'), 1);
    expect(book.hasPeerBeside('a', 'public IPv4')).to.equal(true);
    expect([book.countIn('public IPv4'), book.countIn('loopback IPv4'), book.countInFamily('IPv6')]).to.deep.equal([
      2, 1, 1,
    ]);
  });

  it('names peers in good standing as witnesses: the preferred ones first, suspects last, others only in need', () => {
    const add = (uuid: string, state: PeerHealth['state']) => book.remember(entry(uuid, { health: health(state) }), 1);
    const witnesses = (preferred: readonly string[] = [], excluded: readonly string[] = []) =>
      book.witnesses('public IPv4', 3, preferred, new Set(excluded));
    add('new', undefined);
    add('dead', 'unavailable');
    expect(witnesses()).to.deep.equal(['new', 'dead']);
    add('shaky', 'suspect');
    expect(witnesses()).to.deep.equal(['shaky']);
    for (const uuid of ['p', 'q', 'r', 's']) add(uuid, 'available');
    expect(witnesses(['s', 'gone', 'shaky'])).to.deep.equal(['s', 'p', 'q']);
    book.reserve('p');
    expect(witnesses([], ['q', 'r'])).to.deep.equal(['s', 'shaky']);
    expect(book.witnesses('ULA', 3, ['p'], new Set())).to.deep.equal([]);
  });

  it('counts the peers in each state, and why the denied ones are', () => {
    const at = (uuid: string, ip: string, state?: PeerHealth['state']) =>
      book.remember(entry(uuid, { health: health(state), stored: { ip, port: null } }), 1);
    at('a', '1.1.1.1', 'available');
    at('b', '1.1.1.2', 'suspect');
    at('c', '1.1.1.3');
    at('d', '10.0.0.1', 'unavailable');
    at('e', '100.64.0.1');
    at('f', '127.0.0.1');
    at('g', '224.0.0.1');
    at('h', 'nonsense');
    expect(book.counts()).to.deep.equal({
      available: 1,
      suspect: 1,
      unavailable: 0,
      pending: 1,
      denied: 4,
      invalid: 1,
    });
    expect(book.deniedClasses()).to.deep.equal({ private: 2, loopback: 1, reserved: 1 });
  });

  it('looks again at once at peers that another policy allows', () => {
    const denied = entry('a', { stored: { ip: '10.0.0.1', port: null }, checkedAt: 100 });
    book.remember(denied, 1);
    expect(book.recordFault('a', 200)?.error).to.equal('address-denied');
    expect(book.recordFault('a', 201), 'named once').to.equal(undefined);
    expect(book.due('pending', 300, 1_000)).to.deep.equal([]);
    expect(book.setPolicy(['public'])).to.deep.equal({ opened: false, closed: [] });
    const before = book.newcomers;
    expect(book.setPolicy(['private'])).to.deep.equal({ opened: true, closed: [] });
    expect(book.newcomers).to.be.greaterThan(before);
    expect(book.due('pending', 2_000, 1_000)).to.deep.equal(['a']);
    book.record(denied, checked('available', 1_500));
    expect(book.setPolicy(['public'])).to.deep.equal({ opened: false, closed: ['a'] });
    expect(book.laneOf('a')).to.equal(undefined);
    expect(book.recordFault('a', 2_000)?.error, 'told again').to.equal('address-denied');
  });

  it('keeps nothing of a check at an address that the entry has left meanwhile', () => {
    const at = (ip: string) => entry('a', { checkedAt: 100, health: health('available'), stored: { ip, port: null } });
    book.remember(at('1.1.1.1'), 1);
    book.record(at('1.1.1.1'), checked('suspect', 200, 1));
    expect(take(at('8.8.8.8'), 2)?.health).to.deep.equal(at('8.8.8.8').health);
    expect(book.unwrittenCount, 'the registry would not take it').to.equal(0);
    book.record(at('1.1.1.1'), checked('suspect', 300, 1));
    expect(book.lastKnown('a')).to.deep.include({ health: at('8.8.8.8').health, checkedAt: 100 });
  });

  it('counts failures anew at another address', () => {
    const failing = entry('a', { checkedAt: 100, health: health('suspect', 2) });
    book.remember(failing, 1);
    book.record(failing, checked('available', 200));
    const moved = { ...failing, stored: { ip: '8.8.8.8', port: null } };
    expect(take(moved, 2)?.health).to.deep.equal(health('suspect'));
    expect(take(moved, 3)?.health, 'read again before its first check').to.deep.equal(health('suspect'));
    const elsewhere = { ...moved, checkedAt: 300 };
    expect(take(elsewhere, 4)?.health, 'checked by another replica').to.deep.equal(health('suspect', 2));
    expect(take(elsewhere, 5)?.health).to.deep.equal(health('suspect', 2));
  });

  it('keeps nothing of a check under way whose address the policy forbids meanwhile', () => {
    const called = entry('a', { checkedAt: 100, health: health('available') });
    book.remember(called, 1);
    book.setPolicy(['private']);
    book.recordFault('a', 200);
    book.record(called, checked('available', 300));
    expect(book.lastKnown('a')).to.deep.include({ health: health('unavailable'), checkedAt: 100 });
    expect([...book.unwrittenRows()].map(({ unwritten }) => unwritten)).to.deep.equal(['fault']);
  });

  describe('the fault of an entry that the registry does not say', () => {
    const stored = { ip: null, port: null };
    const none = entry('a', { stored, reportedFault: undefined });
    const odd = entry('a', { stored });
    /** A round that reads the entry so; what it makes of it is written. Returns what was written, and what was told. */
    const round = (read: RegistryEntry, n: number): readonly (string | undefined)[] => {
      book.remember(read, n);
      const told = book.recordFault('a', n * 100)?.error;
      const written = [...book.unwrittenRows()].map(({ unwritten }) => unwritten);
      writeAll();
      return [...written, told];
    };

    it('is recorded once where there is no hash to say it in', () => {
      expect(round(none, 1)).to.deep.equal(['fault', 'address-invalid']);
      expect(round(none, 2)).to.deep.equal([undefined]);
    });

    it('is recorded again once there is one, and not told again', () => {
      round(none, 1);
      expect(round(odd, 2)).to.deep.equal(['fault', undefined]);
      expect(round({ ...odd, reportedFault: 'address-invalid' }, 3)).to.deep.equal([undefined]);
    });

    it('is recorded each time that the entry is made anew, with a state that it brings', () => {
      for (let n = 1; n < 10; n += 2) {
        const anew = { ...odd, health: health('available'), checkedAt: 7 };
        expect(round(anew, n)).to.deep.equal(['fault', n === 1 ? 'address-invalid' : undefined]);
        expect(book.lastKnown('a')?.health.state).to.equal('unavailable');
        expect(round({ ...anew, reportedFault: 'address-invalid' }, n + 1)).to.deep.equal([undefined]);
      }
    });

    it('is told again at another address, and of a peer that has left and come back', () => {
      round(odd, 1);
      const elsewhere = { ...odd, stored: { ip: 'nonsense', port: null } };
      expect(round(elsewhere, 2)).to.deep.equal(['fault', 'address-invalid']);
      book.forget('a');
      expect(round(elsewhere, 3)).to.deep.equal(['fault', 'address-invalid']);
    });

    it('leaves the rise to a peer that may be called again: it is not available at the first answer', () => {
      const rising = { ...health('available'), successes: 3 };
      const good = entry('a', { health: rising, checkedAt: 100 });
      book.remember(good, 1);
      book.setPolicy(['private']);
      book.recordFault('a', 200);
      book.setPolicy(['public']);
      expect(book.lastKnown('a')?.health).to.deep.equal({ ...health('unavailable'), successes: 0 });
    });
  });

  it('remembers a fault for as long as the address stays what it is', () => {
    book.remember(entry('a', { stored: { ip: 'nonsense', port: null } }), 1);
    book.recordFault('a', 5);
    writeAll();
    const unsaid = entry('a', { stored: { ip: 'nonsense', port: null }, reportedFault: undefined });
    expect(take(unsaid, 2)?.reportedFault).to.equal('address-invalid');
    expect(take(entry('a', { stored: { ip: 'other', port: null } }), 3)?.reportedFault).to.equal(null);
  });

  describe('what waits to be written', () => {
    const known = entry('a', { checkedAt: 100, health: health('available') });
    const waiting = () => [...book.unwrittenRows()].map(({ uuid, unwritten }) => `${uuid} ${unwritten}`);

    beforeEach(() => {
      book.remember(known, 1);
      book.remember(entry('b'), 1);
    });

    it('is nothing at first, then each result once, in the order of the first of each peer', () => {
      expect(waiting()).to.deep.equal([]);
      book.record(entry('b'), checked('available', 200));
      book.record(known, checked('suspect', 210, 1));
      book.record(entry('b'), checked('available', 220));
      expect(waiting()).to.deep.equal(['b verdict', 'a verdict']);
      expect(book.unwrittenCount).to.equal(2);
    });

    it('keeps an answer and the state when an uncounted failure follows', () => {
      book.record(known, checked('available', 200));
      book.record(known, { ...checked(undefined, 300, 1), counted: false });
      expect([...book.unwrittenRows()][0]).to.deep.include({
        unwritten: 'verdict',
        okAt: 200,
        latencyMs: 3,
        checkedAt: 300,
        error: 'timeout',
        health: health('available'),
      });
    });

    it('is only that there was a check where the failure is not counted', () => {
      book.record(known, { ...checked(undefined, 300, 1), counted: false });
      expect(waiting()).to.deep.equal(['a check']);
    });

    it('is the fault of an entry, and no state that says that it may be used', () => {
      book.setPolicy(['private']);
      book.recordFault('a', 300);
      expect([...book.unwrittenRows()][0]).to.deep.include({
        unwritten: 'fault',
        error: 'address-denied',
        health: health('unavailable'),
        stateAt: 300,
        checkedAt: 100,
      });
      book.recordFault('b', 300);
      expect(book.lastKnown('b')?.health.state).to.equal(undefined);
    });

    it('is the whole row where a fault and a verdict wait', () => {
      book.record(known, checked('suspect', 200, 1));
      book.setPolicy(['private']);
      book.recordFault('a', 300);
      expect(waiting()).to.deep.equal(['a verdict']);
    });

    it('waits on where another result came while it was being written', () => {
      book.record(known, checked('suspect', 200, 1));
      const [row] = book.unwrittenRows();
      book.record(known, checked('suspect', 210, 2));
      if (row !== undefined) book.acknowledge(row);
      expect(waiting()).to.deep.equal(['a verdict']);
      writeAll();
      expect(waiting()).to.deep.equal([]);
    });

    it('has each result once, also where others came while it was being written', () => {
      const [first, more] = [RECENT_RESULTS - 1, 3];
      for (let i = 0; i < first; i += 1) book.record(known, checked('suspect', 200 + i, 1));
      const [row] = book.unwrittenRows();
      for (let i = 0; i < more; i += 1) book.record(known, checked('available', 300 + i));
      if (row !== undefined) book.acknowledge(row);
      expect([row?.results, ...[...book.unwrittenRows()].map(({ results }) => results)]).to.deep.equal([
        'x'.repeat(first),
        '.'.repeat(more),
      ]);
    });

    it('goes with a peer that leaves the registry', () => {
      book.record(known, checked('suspect', 200, 1));
      book.evictNotSeen(2);
      expect([book.size, book.unwrittenCount]).to.deep.equal([0, 0]);
    });
  });

  describe('what the history has not got yet', () => {
    const MINUTE = 60_000;
    const START = Date.UTC(2026, 0, 1);
    const record = (at: number, outcome: CheckResult['outcome'], counted = true) => {
      book.record(entry('a'), { at, outcome, counted, health: health('available') });
    };
    const failed = { ok: false, reason: 'timeout' } as const;

    it('adds up, through writes of the rest, until it is taken', () => {
      book.remember(entry('a'), 1);
      record(START + 5 * MINUTE, { ok: true, latencyMs: 1 });
      writeAll();
      record(START + 6 * MINUTE, { ok: true, latencyMs: 2 });
      record(START + 7 * MINUTE, failed);
      record(START + 8 * MINUTE, failed, false);
      const began = START / MINUTE + 5;
      expect([...book.talliedRows(began - 1)]).to.deep.equal([]);
      expect([...book.talliedRows(began)].map(({ uuid }) => uuid)).to.deep.equal(['a']);
      expect(book.takeTally('a')).to.deep.equal({ began, answered: 2, failed: 1, withheld: 1, codes: 1 + 17 });
      expect(book.takeTally('a')).to.equal(undefined);
    });

    it('is joined with what came meanwhile where it could not be written', () => {
      book.remember(entry('a'), 1);
      record(START, { ok: true, latencyMs: 1 });
      const taken = book.takeTally('a');
      record(START + 9 * MINUTE, failed);
      if (taken !== undefined) book.returnTally('a', taken);
      expect(book.takeTally('a')).to.deep.equal({
        began: START / MINUTE,
        answered: 1,
        failed: 1,
        withheld: 0,
        codes: 1,
      });
    });

    it('is that of one address, and goes with the peer', () => {
      book.remember(entry('a'), 1);
      record(START, failed);
      const taken = book.takeTally('a');
      book.forget('a');
      if (taken !== undefined) book.returnTally('a', taken);
      expect(book.takeTally('a')).to.equal(undefined);
      book.remember(entry('a'), 1);
      record(START, failed);
      book.remember(entry('a', { stored: { ip: '9.9.9.9', port: null } }), 2);
      expect(book.takeTally('a')).to.equal(undefined);
    });
  });

  it('knows the least recent check of the lanes', () => {
    book.remember(entry('never', { health: health('available') }), 1);
    expect(book.oldestCheck(['regular'])).to.equal(undefined);
    book.remember(entry('new', { checkedAt: 300, health: health('available') }), 1);
    book.remember(entry('old', { checkedAt: 200, health: health('suspect', 1) }), 1);
    book.remember(entry('dead', { checkedAt: 100, health: health('unavailable') }), 1);
    book.remember(entry('denied', { checkedAt: 50, stored: { ip: '10.0.0.1', port: null } }), 1);
    expect(book.oldestCheck(['regular'])).to.equal(300);
    expect(book.oldestCheck(['regular', 'suspect'])).to.equal(200);
    expect(book.oldestCheck(['unavailable', 'pending'])).to.equal(100);
  });
});
