import { expect } from 'chai';
import fc from 'fast-check';
import { checkAddress, classify } from '#src/domain/address.js';

const INVALID = 'invalid';

/** Spellings that have fooled address filters, and what each of them is. */
const TABLE: readonly (readonly [string, string])[] = [
  ['1.1.1.1', 'public'],
  ['8.8.8.8', 'public'],
  ['172.32.0.1', 'public'],
  ['100.63.255.255', 'public'],
  ['192.169.0.1', 'public'],
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['100.127.255.254', 'private'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', 'forbidden'],
  ['0.1.2.3', 'forbidden'],
  ['169.254.0.1', 'forbidden'],
  ['169.254.169.254', 'forbidden'],
  ['192.0.0.1', 'forbidden'],
  ['192.0.2.1', 'forbidden'],
  ['192.88.99.1', 'forbidden'],
  ['198.18.0.1', 'forbidden'],
  ['198.51.100.1', 'forbidden'],
  ['203.0.113.1', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['239.255.255.255', 'forbidden'],
  ['240.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['2606:4700:4700::1111', 'public'],
  ['2A00:1450:4001:0:0:0:0:1', 'public'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['fd00::1', 'private'],
  ['fc00::1', 'private'],
  ['::', 'forbidden'],
  ['fe80::1', 'forbidden'],
  ['febf::1', 'forbidden'],
  ['fec0::1', 'forbidden'],
  ['ff02::1', 'forbidden'],
  ['2001:db8::1', 'forbidden'],
  ['3fff::1', 'forbidden'],
  ['100::1', 'forbidden'],
  ['2001::1', 'forbidden'],
  ['2001:10::1', 'forbidden'],
  ['2001:20::1', 'forbidden'],
  ['2001:2::1', 'forbidden'],
  ['2002:7f00:1::', 'forbidden'],
  ['2002:a00:1::1', 'forbidden'],
  ['64:ff9b::7f00:1', 'forbidden'],
  ['64:ff9b::10.0.0.1', 'forbidden'],
  ['64:ff9b:1::1', 'forbidden'],
  ['::127.0.0.1', 'forbidden'],
  ['::10.0.0.1', 'forbidden'],
  ['::1.2.3.4', 'forbidden'],
  ['::ffff:0:127.0.0.1', 'forbidden'],
  ['4000::1', 'forbidden'],
  ['5f00::1', 'forbidden'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['0:0:0:0:0:ffff:7f00:0001', 'loopback'],
  ['::ffff:10.1.2.3', 'private'],
  ['::ffff:169.254.169.254', 'forbidden'],
  ['::FFFF:8.8.8.8', 'public'],
  ['127.1', INVALID],
  ['127.0.1', INVALID],
  ['2130706433', INVALID],
  ['0x7f.0.0.1', INVALID],
  ['0x7f000001', INVALID],
  ['0177.0.0.1', INVALID],
  ['127.0.0.01', INVALID],
  ['127.000.000.001', INVALID],
  ['127.0.0.1.', INVALID],
  ['127.0.0.1:80', INVALID],
  ['127.0.0.256', INVALID],
  ['①②⑦.⓪.⓪.①', INVALID],
  ['127。0。0。1', INVALID],
  [' 127.0.0.1', INVALID],
  ['127.0.0.1\n', INVALID],
  ['127.0.0.1\u0000', INVALID],
  ['fe80::1%eth0', INVALID],
  ['::1%1', INVALID],
  ['1.1.1.1%lo', INVALID],
  ['[::1]', INVALID],
  ['::1/128', INVALID],
  ['1::2::3', INVALID],
  ['12345::', INVALID],
  ['::ffff:127.1', INVALID],
  ['::ffff:0x7f.0.0.1', INVALID],
  ['localhost', INVALID],
  ['example.com', INVALID],
  ['user@1.1.1.1', INVALID],
  ['1.1.1.1/..', INVALID],
  ['', INVALID],
];

describe('classify', () => {
  for (const [text, expected] of TABLE) {
    it(`${JSON.stringify(text)} is ${expected}`, () => {
      const result = classify(text);
      expect(result.ok ? result.class : INVALID).to.equal(expected);
    });
  }

  it('gives the canonical form', () => {
    expect(classify('2A00:1450:4001:0:0:0:0:1')).to.include({ ip: '2a00:1450:4001::1', family: 6 });
    expect(classify('::ffff:8.8.8.8')).to.include({ ip: '8.8.8.8', family: 4 });
  });

  const ip$ = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((ip) => `::ffff:${ip}`),
  );

  it('what is checked is what is dialled: a URL parser reads the canonical form as the very same address', () => {
    fc.assert(
      fc.property(ip$, (text) => {
        const result = classify(text);
        if (!result.ok) return;
        const host = result.family === 6 ? `[${result.ip}]` : result.ip;
        expect(new URL(`http://${host}/`).hostname).to.equal(host);
        expect(classify(result.ip)).to.deep.equal(result);
      }),
      { numRuns: 2_000 },
    );
  });

  it('nothing in a private, shared or link-local range is public, in whatever spelling', () => {
    const ranges = [
      [10, 0, 8],
      [127, 0, 8],
      [172, 16, 12],
      [192, 168, 16],
      [169, 254, 16],
      [100, 64, 10],
    ] as const;
    const address$ = fc.tuple(fc.constantFrom(...ranges), fc.nat(2 ** 32 - 1)).map(([[a, b, bits], random]) => {
      const base = ((a << 24) | (b << 16)) >>> 0;
      const mask = 2 ** (32 - bits) - 1;
      const n = (base + (random & mask)) >>> 0;
      return [24, 16, 8, 0].map((shift) => String((n >>> shift) & 255)).join('.');
    });
    fc.assert(
      fc.property(address$, fc.constantFrom('', '::ffff:', '::', '64:ff9b::'), (ip, prefix) => {
        expect(checkAddress(`${prefix}${ip}`, ['public']).ok).to.equal(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\da-f:.%x]{1,40}$/)), (text) => {
        expect(classify(text)).to.have.property('ok');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('checkAddress', () => {
  it('tells an address that may not be called from one that is none', () => {
    expect(checkAddress('10.0.0.1', ['public'])).to.deep.equal({ ok: false, error: 'address-denied' });
    expect(checkAddress('ten', ['public'])).to.deep.equal({ ok: false, error: 'address-invalid' });
    expect(checkAddress('10.0.0.1', ['private'])).to.deep.equal({ ok: true, ip: '10.0.0.1', family: 4 });
  });

  it('never allows link-local, multicast, unspecified, broadcast and reserved ones', () => {
    const all = ['public', 'private', 'loopback'] as const;
    for (const ip of [
      '169.254.1.1',
      'fe80::1',
      '224.0.0.1',
      'ff02::1',
      '0.0.0.0',
      '::',
      '255.255.255.255',
      '240.1.1.1',
    ]) {
      expect(checkAddress(ip, all), ip).to.deep.equal({ ok: false, error: 'address-denied' });
    }
  });
});
