import { expect } from 'chai';
import fc from 'fast-check';
import { readEntry } from '#src/domain/peer/entry.js';

describe('readEntry', () => {
  const read = (ip: string | null, port: string | null = null) => readEntry({ ip, port }, ['public']);

  it('reads an address with and without a port of its own', () => {
    expect(read('1.1.1.1')).to.deep.equal({
      ok: true,
      address: { ip: '1.1.1.1', port: undefined },
      scope: 'public IPv4',
    });
    expect(read('1.1.1.1', '8080')).to.deep.equal({
      ok: true,
      address: { ip: '1.1.1.1', port: 8080 },
      scope: 'public IPv4',
    });
    expect(read('1.1.1.1', '')).to.deep.equal({
      ok: true,
      address: { ip: '1.1.1.1', port: undefined },
      scope: 'public IPv4',
    });
    expect(read('1.1.1.1', '65535')).to.deep.equal({
      ok: true,
      address: { ip: '1.1.1.1', port: 65_535 },
      scope: 'public IPv4',
    });
    expect(read('::ffff:1.1.1.1', '1')).to.deep.equal({
      ok: true,
      address: { ip: '1.1.1.1', port: 1 },
      scope: 'public IPv4',
    });
  });

  for (const port of [
    '0',
    '65536',
    '-1',
    '+80',
    '080',
    '8e1',
    '80 ',
    ' 80',
    '80.0',
    '0x50',
    '8\n',
    '８０',
    '1_0',
    'NaN',
    'http',
    '99999999999',
  ]) {
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

  it('takes the ports of TCP and nothing else', () => {
    const port$ = fc.oneof(fc.integer({ min: -10, max: 70_000 }).map(String), fc.string(), fc.double().map(String));
    fc.assert(
      fc.property(port$, (port) => {
        const entry = read('1.1.1.1', port);
        if (!entry.ok || entry.address.port === undefined) return;
        expect(String(entry.address.port)).to.equal(port);
        expect(entry.address.port).to.be.within(1, 65_535);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads whatever is stored without throwing, and says nothing unescaped or long about it', () => {
    const text$ = fc.option(fc.string({ unit: 'binary', maxLength: 300 }));
    fc.assert(
      fc.property(fc.oneof(text$, fc.constant('1.1.1.1')), text$, (ip, port) => {
        const entry = read(ip, port);
        if (entry.ok) return;
        expect(entry.error).to.be.oneOf(['address-invalid', 'address-denied']);
        expect(entry.detail).to.match(/^(no ip|(ip|port) "[ -~]{0,366}")$/);
      }),
      { numRuns: 1_000 },
    );
  });
});
