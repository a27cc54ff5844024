import { expectPassing, skipWithoutNamespaces } from './namespace.js';

/** Both families, and addresses of every age, on a network of its own. */
describe('the sources of the public IP where there is more than one address', () => {
  it('give the one that is meant', function () {
    const commands = ['ip address add 93.184.216.1/32 dev lo', 'ip -6 address add 2606:4700::1/64 dev lo nodad'];
    skipWithoutNamespaces(this, commands);
    expectPassing('./sources.inner.js', commands, '93.184.216.1 echo.example\n2606:4700::1 echo.example\n');
  }).timeout(90_000);
});
