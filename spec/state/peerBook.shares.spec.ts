import { expect } from 'chai';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { PeerHealth } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import { entry } from '../support/entries.js';

const NOW = 1_000_000;
const INTERVAL_MS = 60_000;

describe('PeerBook, where others check peers as well', () => {
  let generation: number;
  let book: PeerBook;
  beforeEach(() => {
    generation = 7;
    book = new PeerBook(['public'], () => generation);
  });
  const health = (state: PeerHealth['state'], failures = 0): PeerHealth => ({ ...UNCHECKED, state, failures });
  const known = (uuid: string, checkedAt: number, its = health('available')) =>
    entry(uuid, { stored: { ip: '1.1.1.1', port: null }, health: its, checkedAt });
  const overdue = () => book.overdue(NOW, INTERVAL_MS);
  const isEarly = (uuid: string) => book.isEarly(uuid, NOW - INTERVAL_MS / 2, NOW);

  it('counts on from what another one counted with newer evidence alone', () => {
    book.adopt(known('a', NOW, health('suspect', 2)));
    expect(book.lastKnown('a')?.health).to.deep.include({ failures: 2, countedGeneration: 7 });
    generation = 9;
    book.remember(known('b', NOW, health('unavailable', 3)), 1);
    expect(book.lastKnown('b')?.health).to.deep.include({ failures: 3, countedGeneration: 9 });
  });

  it('needs no evidence where nothing was counted', () => {
    book.adopt(known('a', NOW));
    expect(book.lastKnown('a')?.health.countedGeneration).to.equal(0);
  });

  it('finds who has come overdue, in good standing and not under way', () => {
    book.adopt(known('old', NOW - INTERVAL_MS));
    book.adopt(known('future', NOW + 1));
    book.adopt(known('young', NOW - INTERVAL_MS + 1));
    book.adopt(known('suspect', 1, health('suspect', 1)));
    book.adopt(known('busy', 1));
    book.reserve('busy');
    expect(overdue()).to.have.members(['old', 'future']);
    expect(book.adoptedCount).to.equal(4);
  });

  it('leaves who was checked lately to a later look, and is done with it once a round has taken it in', () => {
    book.adopt(known('young', NOW - INTERVAL_MS / 4));
    book.adopt(known('older', NOW - (INTERVAL_MS * 3) / 4));
    expect(isEarly('young')).to.equal(true);
    expect(isEarly('older')).to.equal(false);
    expect(book.adoptedCount).to.equal(1);
    expect(book.overdue(NOW + 2 * INTERVAL_MS, INTERVAL_MS)).to.deep.equal(['young']);
  });

  it('takes a check from the future for none', () => {
    book.adopt(known('a', NOW + 1));
    expect(isEarly('a')).to.equal(false);
  });

  it('does not take for gone who has come while a round was reading', () => {
    book.remember(known('a', NOW), 1);
    book.beginRound(2);
    book.adopt(known('b', NOW));
    book.remember(known('a', NOW), 2);
    book.evictNotSeen(2);
    expect([...book.uuids()]).to.have.members(['a', 'b']);
    expect(book.remember(known('b', NOW), 2), 'and it is not met twice').to.equal(false);
    book.beginRound(3);
    book.evictNotSeen(3);
    expect(book.size).to.equal(0);
  });

  it('keeps what is known better of who comes again', () => {
    book.adopt(known('a', NOW - 10));
    book.record(known('a', NOW - 10), {
      ...{ at: NOW, outcome: { ok: false, reason: 'timeout' }, counted: true, health: health('suspect', 1) },
    });
    book.adopt(known('a', NOW - 10));
    expect(book.lastKnown('a')?.health).to.deep.include({ state: 'suspect', failures: 1 });
  });

  it('forgets those of a share, with what waits of them', () => {
    for (const uuid of ['a', 'b']) {
      book.adopt(known(uuid, NOW));
      book.record(known(uuid, NOW), {
        ...{ at: NOW, outcome: { ok: true, latencyMs: 1 }, counted: true, health: health('available') },
      });
    }
    expect(book.isBusyWith((uuid) => uuid === 'a')).to.equal(true);
    book.forgetWhere((uuid) => uuid === 'a');
    expect(book.isBusyWith((uuid) => uuid === 'a')).to.equal(false);
    expect([...book.unwrittenRows()].map(({ uuid }) => uuid)).to.deep.equal(['b']);
    expect(book.adoptedCount).to.equal(1);
    book.reserve('c');
    expect(book.isBusyWith((uuid) => uuid === 'c')).to.equal(true);
  });

  it('adopts nobody where all is ours', () => {
    const alone = new PeerBook(['public']);
    alone.remember(known('a', 1, health('available')), 1);
    expect(alone.adoptedCount).to.equal(0);
    expect(alone.overdue(NOW, INTERVAL_MS)).to.deep.equal([]);
    expect(alone.isEarly('a', 0, NOW)).to.equal(false);
  });
});
