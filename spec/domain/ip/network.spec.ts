import { expect } from 'chai';
import fc from 'fast-check';
import { classify } from '#src/domain/ip/address.js';
import { networkOf } from '#src/domain/ip/network.js';

const group = fc.nat(0xffff).map((n) => n.toString(16));
const canonicalOf = (groups: readonly string[]): string => {
  const address = classify(groups.join(':'));
  return address.ok ? address.ip : expect.fail(groups.join(':'));
};

describe('the network of an address', () => {
  it('is an IPv4 address itself', () => {
    expect(networkOf('203.0.113.7')).to.equal('203.0.113.7');
  });

  it('is the /64 of an IPv6 address', () => {
    expect(networkOf('2001:db8:1:2:3:4:5:6')).to.equal('2001:db8:1:2::/64');
    expect(networkOf('::1')).to.equal('::/64');
  });

  it('is one for all addresses that begin with the same four groups, and another for others', () => {
    // No IPv4-mapped ones, which are IPv4.
    const head = fc.tuple(fc.constant('2001'), group, group, group);
    const tail = fc.tuple(group, group, group, group);
    fc.assert(
      fc.property(head, tail, head, tail, (one, a, other, b) => {
        const [first, same] = [canonicalOf([...one, ...a]), canonicalOf([...one, ...b])];
        expect(networkOf(first)).to.equal(networkOf(same));
        const second = networkOf(canonicalOf([...other, ...b]));
        expect(networkOf(first) === second).to.equal(one.join() === other.join());
      }),
    );
  });
});
