import { ADDRESSES, HOSTS } from './addresses.js';
import { expectPassing, skipWithoutNamespaces } from './namespace.js';

/** Public addresses, port 80 and the real public-ip package, as in production; nothing leaves the namespace. */
describe('the built program on an internet of its own', () => {
  it('does its whole job', function () {
    skipWithoutNamespaces(this);
    const commands = ADDRESSES.map((address) => `ip address add ${address}/32 dev lo`);
    expectPassing('./internet.inner.js', commands, HOSTS);
  }).timeout(90_000);
});
