import { expect } from 'chai';
import fc from 'fast-check';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { PeerFacts, RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook, RECENT_RESULTS, type CheckResult } from '#src/state/peerBook.js';
import { entry } from '../support/entries.js';

/** A clock that is set: results before 2025 belong to no hour. */
const NOW = Date.UTC(2026, 10, 25, 12);

describe('what the book knows of a peer besides its health', () => {
  const facts: PeerFacts = { stateAt: NOW - 9_999, okAt: NOW - 1_500, latencyMs: 42, calledAt: NOW - 500 };
  const answered = (at: number, latencyMs = 7): CheckResult => {
    return { at, outcome: { ok: true, latencyMs }, counted: true, health: { ...UNCHECKED, state: 'available' } };
  };
  const failed = (at: number, counted = true): CheckResult => {
    return {
      at,
      outcome: { ok: false, reason: 'timeout' },
      counted,
      health: { ...UNCHECKED, state: 'suspect', failures: 1 },
    };
  };
  let book: PeerBook;
  const row = (uuid = 'a') => new Map(book.entries()).get(uuid) ?? expect.fail(`no ${uuid}`);
  const times = (uuid = 'a') => {
    const { stateS, okS, calledS, latencyMs } = row(uuid);
    return { stateS, okS, calledS, latencyMs };
  };

  beforeEach(() => {
    book = new PeerBook(['public', 'private']);
  });

  it('are the times that the registry has, to the second, and the latency', () => {
    book.remember(entry('a', { facts }), 1);
    expect(times()).to.deep.equal({
      stateS: NOW / 1_000 - 10,
      okS: NOW / 1_000 - 2,
      calledS: NOW / 1_000 - 1,
      latencyMs: 42,
    });
  });

  it('are 0 where the registry has none, or what is no time', () => {
    book.remember(entry('a'), 1);
    expect(times()).to.deep.equal({ stateS: 0, okS: 0, calledS: 0, latencyMs: 0 });
    for (const at of [-1, 999, 2 ** 32 * 1_000]) {
      book.remember(entry('b', { facts: { stateAt: at, okAt: at, latencyMs: 1, calledAt: at } }), 1);
      expect(times('b')).to.include({ stateS: 0, okS: 0, calledS: 0 });
      book.forget('b');
    }
    const latest = (2 ** 32 - 1) * 1_000;
    book.remember(entry('b', { facts: { ...facts, okAt: latest } }), 1);
    expect(times('b').okS).to.equal(2 ** 32 - 1);
  });

  it('hold a latency that no word has room for at the most that there is', () => {
    book.remember(entry('a', { facts: { ...facts, latencyMs: 2 ** 40 } }), 1);
    expect(times().latencyMs).to.equal(2 ** 31);
  });

  it('follow the checks: an answer, a change of state, and nothing else', () => {
    book.remember(entry('a'), 1);
    book.record(entry('a'), answered(NOW));
    expect(times()).to.deep.equal({ stateS: NOW / 1_000, okS: NOW / 1_000, calledS: 0, latencyMs: 7 });
    book.record(entry('a'), answered(NOW + 5_000, 9));
    expect(times()).to.include({ stateS: NOW / 1_000, okS: NOW / 1_000 + 5, latencyMs: 9 });
    book.record(entry('a'), failed(NOW + 9_000, false));
    expect(times()).to.include({ stateS: NOW / 1_000, okS: NOW / 1_000 + 5, latencyMs: 9 });
    book.record(entry('a'), failed(NOW + 12_000));
    expect(times()).to.include({ stateS: NOW / 1_000 + 12, okS: NOW / 1_000 + 5 });
  });

  it('take the last call from the registry, whatever waits to be written', () => {
    book.remember(entry('a', { facts }), 1);
    book.record(entry('a'), answered(NOW));
    book.refresh(entry('a', { facts: { ...facts, calledAt: NOW + 1_000, okAt: 1_000 } }));
    expect(times()).to.include({ calledS: NOW / 1_000 + 1, okS: NOW / 1_000 });
    book.refresh(entry('a'));
    expect(times().calledS, 'a reading without facts says nothing of them').to.equal(NOW / 1_000 + 1);
  });

  it('are the new ones at another address, and never those of the next peer in its place', () => {
    book.remember(entry('a', { facts }), 1);
    const before = row();
    const moved: RegistryEntry = { ...entry('a', { facts: { ...facts, latencyMs: 5 } }) };
    book.refresh({ ...moved, stored: { ip: '1.1.1.1', port: '81' } });
    expect(row()).to.not.equal(before);
    expect(times().latencyMs).to.equal(5);
    expect(before.latencyMs, 'the row before').to.equal(0);
  });

  it('keep the slots of rows apart, whoever comes and goes', () => {
    const step$ = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('come', 'go', 'move'), fc.nat(1_000));
    fc.assert(
      fc.property(fc.array(step$, { maxLength: 40 }), (steps) => {
        book = new PeerBook(['public']);
        const expected = new Map<string, number>();
        let port = 1;
        for (const [uuid, what, latencyMs] of steps) {
          const read = entry(uuid, { facts: { ...facts, latencyMs }, stored: { ip: '1.1.1.1', port: null } });
          if (what === 'come' && !expected.has(uuid)) book.remember(read, 1);
          if (what === 'go') book.forget(uuid);
          if (what === 'move' && expected.has(uuid)) {
            book.refresh({ ...read, stored: { ip: '1.1.1.1', port: String((port += 1)) } });
          }
          if (what === 'go') expected.delete(uuid);
          else if (what === 'move' ? expected.has(uuid) : !expected.has(uuid)) expected.set(uuid, latencyMs);
        }
        expect(new Map([...book.entries()].map(([uuid, found]) => [uuid, found.latencyMs]))).to.deep.equal(expected);
      }),
    );
  });

  it('are gone with everybody at once, and with what waits of them', () => {
    for (const uuid of ['a', 'b']) book.remember(entry(uuid), 1);
    book.record(entry('a'), answered(NOW));
    book.clear();
    expect([book.size, book.unwrittenCount, [...book.entries()].length]).to.deep.equal([0, 0, 0]);
  });

  it('say whether anybody was judged yet', () => {
    book.remember(entry('a'), 1);
    expect(book.hasJudged()).to.equal(false);
    book.record(entry('a'), answered(NOW));
    expect(book.hasJudged()).to.equal(true);
    expect(new PeerBook(['public']).hasJudged()).to.equal(false);
  });

  it('hold the last results and no more, until they are written', () => {
    book.remember(entry('a'), 1);
    for (let i = 0; i < RECENT_RESULTS + 5; i += 1) book.record(entry('a'), i === 0 ? failed(NOW) : answered(NOW + i));
    expect(row().results).to.equal('.'.repeat(RECENT_RESULTS));
    for (const unwritten of book.unwrittenRows()) book.acknowledge(unwritten);
    expect(row().results).to.equal('');
  });

  it('name another port as another address', () => {
    book.remember(entry('a', { stored: { ip: '1.1.1.1', port: '80' } }), 1);
    book.record(entry('a', { stored: { ip: '1.1.1.1', port: '81' } }), answered(NOW));
    expect(row().checkedAt).to.equal(0);
  });

  it('name the classes of those that are denied, and none of those that are malformed', () => {
    const ips = ['127.0.0.1', '224.0.0.1', '169.254.1.1', 'no address'];
    ips.forEach((ip, i) => book.remember(entry(`p${String(i)}`, { stored: { ip, port: null } }), 1));
    book.remember(entry('none', { stored: { ip: null, port: null } }), 1);
    expect(book.deniedClasses()).to.deep.equal({ loopback: 1, reserved: 2 });
    expect(book.counts()).to.include({ denied: 3, invalid: 2 });
  });

  it('tell newcomers from those that were checked before, or have no verdict to wait for', () => {
    book.remember(entry('new'), 1);
    expect(book.newcomers).to.equal(1);
    book.remember(entry('known', { health: { ...UNCHECKED, state: 'available' } }), 1);
    book.remember(entry('looked at', { checkedAt: NOW }), 1);
    expect(book.newcomers).to.equal(1);
  });
});
