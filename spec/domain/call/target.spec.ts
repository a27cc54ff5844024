import { expect } from 'chai';
import fc from 'fast-check';
import { targetOf } from '#src/domain/call/target.js';

/** What the URL parser of Node makes of it. */
function parsed(url: string) {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  const secure = protocol === 'https:';
  return {
    secure,
    authority: host,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port === '' ? (secure ? 443 : 80) : port),
    path: pathname + search,
  };
}

describe('the target of a call', () => {
  for (const url of [
    'http://1.2.3.4/sync',
    'http://1.2.3.4:80/sync',
    'http://1.2.3.4:080/sync',
    'http://1.2.3.4:8080/sync',
    'http://1.2.3.4:65535/sync',
    'http://01.2.3.4/sync',
    'http://1.2.3.4:8080/a/../b%20c?d=é#e',
    'http://1.2.3.4:8080//a/',
    'http://[::1]:8080/sync',
    'https://[2001:db8::1]/sync',
    'https://1.2.3.4:443/sync',
    'http://peer.example/sync',
  ]) {
    it(`of ${url} is what the URL parser finds`, () => {
      expect(targetOf(url)).to.deep.equal(parsed(url));
    });
  }

  it('is what the URL parser finds, for any address, port and path', () => {
    const digits = fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), maxLength: 6 });
    const path = fc.string({ unit: fc.constantFrom(...Array.from('abZ09_-/.%? #é:')), maxLength: 8 });
    const scheme = fc.constantFrom('http', 'https');
    fc.assert(
      fc.property(scheme, fc.ipV4(), digits, path, (protocol, ip, port, rest) => {
        const url = `${protocol}://${ip}${port === '' ? '' : `:${port}`}/${rest}`;
        if (URL.canParse(url)) expect(targetOf(url)).to.deep.equal(parsed(url));
        else expect(() => targetOf(url)).to.throw(TypeError);
      }),
      { numRuns: 2_000 },
    );
  });
});
