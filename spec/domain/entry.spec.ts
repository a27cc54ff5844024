import { expect } from 'chai';
import fc from 'fast-check';
import { quoted, readEntry } from '#src/domain/entry.js';
import { peerUrl } from '#src/domain/url.js';

describe('readEntry', () => {
  const read = (ip: string | null, port: string | null = null) => readEntry({ ip, port }, ['public']);

  it('reads an address with and without a port of its own', () => {
    expect(read('1.1.1.1')).to.deep.equal({ ok: true, address: { ip: '1.1.1.1', port: undefined } });
    expect(read('1.1.1.1', '8080')).to.deep.equal({ ok: true, address: { ip: '1.1.1.1', port: 8080 } });
    expect(read('::ffff:1.1.1.1', '1')).to.deep.equal({ ok: true, address: { ip: '1.1.1.1', port: 1 } });
  });

  for (const port of ['0', '65536', '-1', '+80', '080', '8e1', '80 ', ' 80', '80.0', 'http', '99999999999']) {
    it(`port ${JSON.stringify(port)} makes the entry invalid`, () => {
      expect(read('1.1.1.1', port)).to.include({ ok: false, error: 'address-invalid' });
    });
  }

  it('says what is wrong', () => {
    expect(read(null)).to.deep.equal({ ok: false, error: 'address-invalid', detail: 'no ip' });
    expect(read('')).to.deep.equal({ ok: false, error: 'address-invalid', detail: 'no ip' });
    expect(read('10.0.0.1')).to.deep.equal({ ok: false, error: 'address-denied', detail: 'ip "10.0.0.1"' });
    expect(read('host.example')).to.include({ error: 'address-invalid', detail: 'ip "host.example"' });
  });

  it('quotes whatever is stored in a few printable ASCII characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(quoted(text)).to.match(/^[ -~]*$/);
        expect(quoted(text).length).to.be.at.most(6 * 61 + 2);
      }),
    );
    expect(quoted('\u001b[31mred\n')).to.equal('"\\u001b[31mred\\n"');
  });
});

describe('peerUrl', () => {
  it('writes IPv6 in brackets and leaves the own port of a scheme out', () => {
    const parts = { scheme: 'http', ip: '1.1.1.1', port: 80, path: '/sync' } as const;
    expect(peerUrl(parts)).to.equal('http://1.1.1.1/sync');
    expect(peerUrl({ ...parts, port: 8080 })).to.equal('http://1.1.1.1:8080/sync');
    expect(peerUrl({ ...parts, ip: '2606::1' })).to.equal('http://[2606::1]/sync');
    expect(peerUrl({ ...parts, scheme: 'https', port: 443 })).to.equal('https://1.1.1.1/sync');
    expect(peerUrl({ ...parts, scheme: 'https' })).to.equal('https://1.1.1.1:80/sync');
  });
});
