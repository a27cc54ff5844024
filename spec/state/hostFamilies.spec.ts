import { expect } from 'chai';
import type { Family } from '#src/domain/ip/scope.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { hostWith } from '../support/hostAddresses.js';

describe('HostFamilies', () => {
  let now: Family[];
  let loopback: Family[];
  let families: HostFamilies;

  beforeEach(() => {
    now = ['IPv4'];
    loopback = ['IPv4', 'IPv6'];
    families = new HostFamilies(() => hostWith(now, loopback));
  });

  it('knows which families the host has, and which it never had', () => {
    expect([families.has('public IPv4'), families.has('public IPv6')]).to.deep.equal([true, false]);
    expect([families.neverHad('IPv4'), families.neverHad('IPv6')]).to.deep.equal([false, true]);
  });

  it('has a loopback address of the families that its interfaces have one of, whatever else they have', () => {
    now = [];
    const found = () => (['loopback IPv4', 'loopback IPv6', 'RFC 1918'] as const).map((scope) => families.has(scope));
    expect(found()).to.deep.equal([true, true, false]);
    loopback = ['IPv4'];
    expect(found()).to.deep.equal([true, false, false]);
  });

  it('remembers a family that it had at any look since the start', () => {
    now = ['IPv4', 'IPv6'];
    families.refresh();
    now = ['IPv4'];
    expect(families.has('ULA')).to.equal(false);
    expect(families.neverHad('IPv6')).to.equal(false);
  });

  it('reports a missing family once, and once that it is there', () => {
    families.reportMissing('IPv6');
    families.reportMissing('IPv6');
    expect([families.takeNewlyMissing(), families.takeNewlyMissing()]).to.deep.equal([['IPv6'], []]);
    expect(families.refresh()).to.deep.equal([]);
    now = ['IPv4', 'IPv6'];
    expect([families.refresh(), families.refresh()]).to.deep.equal([['IPv6'], []]);
  });
});
