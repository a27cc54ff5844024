import { expect } from 'chai';
import type { PeerHealth, RegistryEntry } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UNCHECKED } from '#src/domain/peer/health.js';

describe('PeerBook', () => {
  const health = (state: PeerHealth['state'], failures = 0): PeerHealth => ({ ...UNCHECKED, state, failures });
  const entry = (uuid: string, over: Partial<RegistryEntry> = {}): RegistryEntry => ({
    uuid,
    stored: { ip: '192.0.2.1', port: null },
    health: UNCHECKED,
    checkedAt: 0,
    reportedFault: null,
    ...over,
  });
  let table: PeerBook;

  beforeEach(() => {
    table = new PeerBook();
  });

  it('meets each peer once a round', () => {
    expect(table.remember(entry('a'), 1)?.uuid).to.equal('a');
    expect(table.remember(entry('a'), 1)).to.equal(undefined);
    expect(table.remember(entry('a'), 2)?.uuid).to.equal('a');
  });

  it('takes the address from the registry, always', () => {
    table.remember(entry('a'), 1);
    table.update(entry('a'), health('available'), 100);
    const met = table.remember(entry('a', { stored: { ip: '192.0.2.9', port: '81' } }), 2);
    expect(met?.stored).to.deep.equal({ ip: '192.0.2.9', port: '81' });
  });

  it('keeps a newer check than the registry has, which could not be written yet', () => {
    table.remember(entry('a', { checkedAt: 100, health: health('available') }), 1);
    table.update(entry('a'), health('suspect', 1), 200);
    expect(table.remember(entry('a', { checkedAt: 100, health: health('available') }), 2)?.health.state).to.equal(
      'suspect',
    );
  });

  it('believes the registry where that is newer, but keeps the counts it does not store', () => {
    table.remember(entry('a', { checkedAt: 100 }), 1);
    table.update(entry('a'), { state: 'unavailable', failures: 0, successes: 1, countedGeneration: 0 }, 200);
    const met = table.remember(entry('a', { checkedAt: 200, health: health('unavailable') }), 2);
    expect(met?.health).to.deep.equal({ state: 'unavailable', failures: 0, successes: 1, countedGeneration: 0 });
  });

  it('starts afresh with an entry that was removed and made again', () => {
    table.remember(entry('a', { checkedAt: 100, health: health('unavailable', 3) }), 1);
    expect(table.remember(entry('a'), 2)?.health).to.deep.equal(UNCHECKED);
  });

  it('does not bring back a peer that left', () => {
    table.remember(entry('a'), 1);
    table.delete('a');
    table.update(entry('a'), health('available'), 1);
    expect(table.get('a')).to.equal(undefined);
  });

  it('forgets whoever a whole round has not met', () => {
    table.remember(entry('a'), 1);
    table.remember(entry('b'), 1);
    table.remember(entry('b'), 2);
    table.evictNotSeen(2);
    expect([table.get('a')?.uuid, table.get('b')?.uuid]).to.deep.equal([undefined, 'b']);
  });

  it('gives the peers of a lane that a round has not met, each once', () => {
    table.remember(entry('met'), 2);
    table.remember(entry('left'), 1);
    table.remember(entry('dead', { health: health('unavailable') }), 1);
    expect([...table.notSeenIn('regular', 2)]).to.deep.equal(['left']);
    expect([...table.notSeenIn('regular', 2)]).to.deep.equal([]);
  });

  it('knows who is due in a lane', () => {
    table.remember(entry('old', { checkedAt: 100, health: health('unavailable') }), 1);
    table.remember(entry('new', { checkedAt: 300, health: health('unavailable') }), 1);
    table.remember(entry('good', { checkedAt: 100, health: health('available') }), 1);
    table.remember(entry('failing', { checkedAt: 100, health: health(undefined, 1) }), 1);
    expect(table.due('unavailable', 400, 200)).to.deep.equal(['old']);
    expect(table.due('suspect', 400, 200)).to.deep.equal(['failing']);
    expect([table.count('regular'), table.count('suspect'), table.count('unavailable')]).to.deep.equal([1, 1, 2]);
  });

  it('one that was checked in the future is due: the clock has gone back', () => {
    table.remember(entry('a', { checkedAt: 86_400_000, health: health('unavailable') }), 1);
    expect(table.due('unavailable', 1_000, 200)).to.deep.equal(['a']);
  });

  it('reserves a peer for one check at a time', () => {
    expect(table.begin('a')).to.equal(true);
    expect(table.begin('a')).to.equal(false);
    table.end('a');
    expect(table.begin('a')).to.equal(true);
  });

  it('forgets a fault once the peer could be called: what is allowed may change, and change back', () => {
    const denied = entry('a', { reportedFault: 'address-denied', checkedAt: 100 });
    table.remember(denied, 1);
    table.update(entry('a'), health('available'), 200);
    expect(table.get('a')?.reportedFault).to.equal(null);
    expect(table.remember(denied, 2)?.reportedFault, 'the registry has yet to hear of it').to.equal(null);
    expect(table.remember({ ...denied, checkedAt: 200 }, 3)?.reportedFault).to.equal('address-denied');
  });

  it('has a witness beside a peer in another that can be called', () => {
    table.remember(entry('a'), 1);
    expect(table.hasWitnessBeside('a')).to.equal(false);
    table.remember(entry('denied', { reportedFault: 'address-denied' }), 1);
    expect(table.hasWitnessBeside('a')).to.equal(false);
    table.remember(entry('b'), 1);
    expect(table.hasWitnessBeside('a')).to.equal(true);
  });

  it('keeps nothing of a check at an address that the entry has left meanwhile', () => {
    const at = (ip: string) => entry('a', { checkedAt: 100, health: health('available'), stored: { ip, port: null } });
    table.remember(at('1.1.1.1'), 1);
    // The registry takes no such result, so what stands there stays older for ever.
    table.update(at('1.1.1.1'), health('suspect', 1), 200);
    expect(table.remember(at('8.8.8.8'), 2)?.health).to.deep.equal(at('8.8.8.8').health);
    table.update(at('1.1.1.1'), health('suspect', 1), 300);
    expect(table.get('a')).to.deep.include({ health: at('8.8.8.8').health, checkedAt: 100 });
  });

  it('counts failures anew at another address', () => {
    const failing = entry('a', { checkedAt: 100, health: health('suspect', 2) });
    table.remember(failing, 1);
    table.update(failing, health('available'), 200);
    const moved = { ...failing, stored: { ip: '8.8.8.8', port: null } };
    expect(table.remember(moved, 2)?.health).to.deep.equal(health('suspect'));
  });

  it('remembers a fault for as long as the address stays what it is', () => {
    table.remember(entry('a', { stored: { ip: 'nonsense', port: null } }), 1);
    table.mark('a', 'address-invalid');
    expect(table.remember(entry('a', { stored: { ip: 'nonsense', port: null } }), 2)?.reportedFault).to.equal(
      'address-invalid',
    );
    expect(table.remember(entry('a', { stored: { ip: 'other', port: null } }), 3)?.reportedFault).to.equal(null);
  });
});
