import { expect } from 'chai';
import type { Family } from '#src/domain/ip/scope.js';
import { HostFamilies } from '#src/state/hostFamilies.js';

describe('HostFamilies', () => {
  let now: Family[];
  let families: HostFamilies;

  beforeEach(() => {
    now = ['IPv4'];
    families = new HostFamilies(() => new Set(now));
  });

  it('knows which families the host has, and which it never had', () => {
    expect([families.has('public IPv4'), families.has('public IPv6')]).to.deep.equal([true, false]);
    expect([families.neverHad('IPv4'), families.neverHad('IPv6')]).to.deep.equal([false, true]);
  });

  it('always has loopback', () => {
    now = [];
    expect([families.has('loopback IPv4'), families.has('loopback IPv6'), families.has('RFC 1918')]).to.deep.equal([
      true,
      true,
      false,
    ]);
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
