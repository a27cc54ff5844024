import { expect } from 'chai';
import { comparing, type Sort } from '#src/cli/peers/sort.js';
import type { ReadPeer } from '#src/cli/peers/read.js';

function peer(uuid: string, row: Readonly<Record<string, string>>, state: ReadPeer['state'] = 'available'): ReadPeer {
  return { kind: 'consumer', uuid, row, state };
}

function sorted(all: readonly ReadPeer[], by: Sort, reverse = false): string {
  return [...all]
    .sort(comparing(by, reverse))
    .map(({ uuid }) => uuid)
    .join('');
}

describe('peers are sorted', () => {
  it('by the numbers in their addresses', () => {
    const all = [peer('a', { ip: '10.0.0.10' }), peer('b', { ip: '10.0.0.2' }), peer('c', { ip: '9.0.0.1' })];
    expect(sorted(all, 'ip')).to.equal('cba');
    expect(sorted(all, 'ip', true)).to.equal('abc');
  });

  it('by numbers, those that have none last, either way', () => {
    const all = [peer('a', {}), peer('b', { latency_ms: '20' }), peer('c', { latency_ms: '3' })];
    expect(sorted(all, 'latency')).to.equal('cba');
    expect(sorted(all, 'latency', true)).to.equal('bca');
  });

  it('by how they stand, and equal ones by UUID', () => {
    const all = [peer('c', {}, 'unavailable'), peer('b', {}), peer('a', {}), peer('d', {}, 'suspect')];
    expect(sorted(all, 'state')).to.equal('abdc');
  });

  it('by UUID as texts, not by the numbers in them', () => {
    expect(sorted([peer('9', {}), peer('10', {})], 'uuid')).to.equal('109');
    expect(sorted([peer('9', {}), peer('10', {})], 'uuid', true)).to.equal('910');
  });
});
