import { expect } from 'chai';
import fc from 'fast-check';
import { classify } from '#src/domain/ip/address.js';
import { peerUrl } from '#src/domain/call/url.js';

describe('peerUrl', () => {
  const parts = { scheme: 'http', ip: '1.1.1.1', port: 80, path: '/sync' } as const;

  it('writes IPv6 in brackets and leaves the own port of a scheme out', () => {
    expect(peerUrl(parts)).to.equal('http://1.1.1.1/sync');
    expect(peerUrl({ ...parts, port: 8080 })).to.equal('http://1.1.1.1:8080/sync');
    expect(peerUrl({ ...parts, port: 443 })).to.equal('http://1.1.1.1:443/sync');
    expect(peerUrl({ ...parts, ip: '2606::1' })).to.equal('http://[2606::1]/sync');
    expect(peerUrl({ ...parts, ip: '2606::1', port: 8080 })).to.equal('http://[2606::1]:8080/sync');
    expect(peerUrl({ ...parts, scheme: 'https', port: 443 })).to.equal('https://1.1.1.1/sync');
    expect(peerUrl({ ...parts, scheme: 'https' })).to.equal('https://1.1.1.1:80/sync');
  });

  it('names the very host, port and path, whatever they are', () => {
    const ip$ = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => classify(text));
    const path$ = fc.stringMatching(/^\/[\w@:?[\]-]{0,20}$/);
    fc.assert(
      fc.property(ip$, fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'https'), path$, (...all) => {
        const [address, port, scheme, path] = all;
        fc.pre(address.ok);
        const text = peerUrl({ scheme, ip: address.ip, port, path });
        const url = new URL(text);
        expect(url.href).to.equal(text);
        expect(url.hostname).to.equal(address.family === 6 ? `[${address.ip}]` : address.ip);
        expect(Number(url.port || { http: 80, https: 443 }[scheme])).to.equal(port);
        expect([url.protocol, url.username, url.password]).to.deep.equal([`${scheme}:`, '', '']);
        expect(url.pathname + (path.includes('?') ? path.slice(path.indexOf('?')) : '')).to.equal(path);
      }),
      { numRuns: 1_000 },
    );
  });
});
