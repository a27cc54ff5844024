import { CONSUMERS } from './addresses.js';
import { expectPassing, skipWithoutNamespaces } from './namespace.js';

const ADDRESSES = CONSUMERS.map((address) => `ip address add ${address}/32 dev lo`);
const HOSTS = '127.0.0.1 localhost\n';

/** A host that has no IPv6, in both ways that there are, with peers that have. */
describe('the built program on a host without IPv6', () => {
  it('that is off for all', function () {
    const commands = [...ADDRESSES, 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'];
    skipWithoutNamespaces(this, commands);
    expectPassing('./families.inner.js', commands, HOSTS);
  }).timeout(90_000);

  it('of which the interfaces alone have no address', function () {
    skipWithoutNamespaces(this, ADDRESSES);
    expectPassing('./families.inner.js', ADDRESSES, HOSTS);
  }).timeout(90_000);
});
