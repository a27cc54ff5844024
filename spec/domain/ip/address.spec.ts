import { expect } from 'chai';
import fc from 'fast-check';
import { canonical, checkAddress, classify } from '#src/domain/ip/address.js';
import { sparse6, within } from './addresses.js';
import { isSpecial, nearRanges, RANGES } from './ranges.js';

const INVALID = 'invalid';

/** Spellings that have fooled address filters, and what each of them is. */
const TABLE: readonly (readonly [string, string])[] = [
  ['1.1.1.1', 'public'],
  ['8.8.8.8', 'public'],
  ['172.32.0.1', 'public'],
  ['100.63.255.255', 'public'],
  ['192.169.0.1', 'public'],
  ['9.255.255.255', 'public'],
  ['11.0.0.0', 'public'],
  ['126.255.255.255', 'public'],
  ['128.0.0.0', 'public'],
  ['172.15.255.255', 'public'],
  ['100.128.0.0', 'public'],
  ['223.255.255.255', 'public'],
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
  ['192.31.196.1', 'forbidden'],
  ['192.52.193.1', 'forbidden'],
  ['192.175.48.1', 'forbidden'],
  ['198.19.255.255', 'forbidden'],
  ['198.18.0.1', 'forbidden'],
  ['198.51.100.1', 'forbidden'],
  ['203.0.113.1', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['239.255.255.255', 'forbidden'],
  ['240.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['2606:4700:4700::1111', 'public'],
  ['2A00:1450:4001:0:0:0:0:1', 'public'],
  ['2001:200::1', 'public'],
  ['3ffe::1', 'public'],
  ['fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'private'],
  ['::1', 'loopback'],
  ['::0.0.0.1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['fd00::1', 'private'],
  ['fc00::1', 'private'],
  ['::', 'forbidden'],
  ['fe80::1', 'forbidden'],
  ['febf::1', 'forbidden'],
  ['fec0::1', 'forbidden'],
  ['ff02::1', 'forbidden'],
  ['ff0e::1', 'forbidden'],
  ['::2', 'forbidden'],
  ['::ffff:0.0.0.0', 'forbidden'],
  ['::ffff:255.255.255.255', 'forbidden'],
  ['2001:0:7f00:1::', 'forbidden'],
  ['2001:1ff::1', 'forbidden'],
  ['2002:c0a8:101::c0a8:101', 'forbidden'],
  ['2620:4f:8000::1', 'forbidden'],
  ['64:ff9b:1:ffff::a00:1', 'forbidden'],
  ['64:ff9b:2::1', 'forbidden'],
  ['1fff::1', 'forbidden'],
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
  ['1.1.1.1 ', INVALID],
  ['1.1.1.1\t', INVALID],
  ['\u00a01.1.1.1', INVALID],
  ['\ufeff1.1.1.1', INVALID],
  ['1.1.1.1,8.8.8.8', INVALID],
  ['1.1.1', INVALID],
  ['1.1.1.1.1', INVALID],
  ['+1.1.1.1', INVALID],
  ['1.1.1.-1', INVALID],
  ['1.1.1.1e0', INVALID],
  ['%31.1.1.1', INVALID],
  ['2606:4700::1%25eth0', INVALID],
  ['2606:4700:::1', INVALID],
  ['2606:4700::1:', INVALID],
  ['1::2:3:4:5:6:7:8', INVALID],
  ['1:2:3:4:5:6:7:8:9', INVALID],
  ['::g', INVALID],
  ['::ffff:127.0.0.01', INVALID],
  ['::ffff:1.1.1.1.1', INVALID],
  ['1.1.1.1::', INVALID],
  ['localhost', INVALID],
  ['example.com', INVALID],
  ['user@1.1.1.1', INVALID],
  ['1.1.1.1/..', INVALID],
  ['', INVALID],
];

describe('canonical', () => {
  it('gives one spelling of each address, and leaves alone what is none', () => {
    for (const [text, ip] of [
      ['2001:DB8::1', '2001:db8::1'],
      ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
      ['::FFFF:192.0.2.1', '192.0.2.1'],
      ['192.0.2.1', '192.0.2.1'],
      ['nonsense', 'nonsense'],
    ] as const) {
      expect(canonical(text)).to.equal(ip);
      expect(canonical(ip)).to.equal(ip);
    }
  });
});

describe('classify', () => {
  for (const [text, expected] of TABLE) {
    it(`${JSON.stringify(text)} is ${expected}`, () => {
      const result = classify(text);
      expect(result.ok ? result.class : INVALID).to.equal(expected);
      if (result.ok) expect(classify(result.ip)).to.deep.equal(result);
    });
  }

  it('gives the canonical form (RFC 5952 §4), the embedded address of a mapped one', () => {
    for (const [text, ip] of [
      ['2A00:1450:4001:0:0:0:0:1', '2a00:1450:4001::1'],
      ['2a00:0db8:0:1:1:1:1:1', '2a00:db8:0:1:1:1:1:1'],
      ['2a00:0:0:1:0:0:0:1', '2a00:0:0:1::1'],
      ['2a00:db8:0:0:1:0:0:1', '2a00:db8::1:0:0:1'],
      ['2a00:1:2:3:4:5:1.2.3.4', '2a00:1:2:3:4:5:102:304'],
      ['2a00:1:2:3:4:5:6::', '2a00:1:2:3:4:5:6:0'],
    ] as const) {
      expect(classify(text), text).to.include({ ip, family: 6 });
    }
    for (const text of ['::ffff:8.8.8.8', '::FFFF:808:808', '0:0:0:0:0:ffff:0808:0808']) {
      expect(classify(text), text).to.deep.equal({
        ok: true,
        ip: '8.8.8.8',
        family: 4,
        class: 'public',
        scope: 'public IPv4',
      });
    }
  });

  const ip$ = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((ip) => `::ffff:${ip}`),
    sparse6(),
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
      { numRuns: 5_000 },
    );
  });

  it('the text as it was given is dialled as the very same address too', () => {
    fc.assert(
      fc.property(ip$, (text) => {
        const result = classify(text);
        if (!result.ok) return;
        const dialled = new URL(`http://${text.includes(':') ? `[${text}]` : text}/`).hostname;
        expect(classify(dialled.replace(/^\[|\]$/g, ''))).to.deep.equal(result);
      }),
      { numRuns: 5_000 },
    );
  });

  const wrappings = ['', '::ffff:'] as const;
  for (const [range, expected] of RANGES) {
    it(`all of ${range} is ${expected}, from its first address to its last`, () => {
      fc.assert(
        fc.property(within(range), fc.constantFrom(...wrappings), (ip, wrapping) => {
          const text = ip.includes(':') ? ip : `${wrapping}${ip}`;
          const result = classify(text);
          expect(result.ok && result.class, text).to.equal(expected);
          expect(checkAddress(text, ['public']), text).to.deep.equal({ ok: false, error: 'address-denied' });
        }),
      );
    });
  }

  it('no transition form smuggles any IPv4 address past the policy', () => {
    const tunnels: readonly ((ip: string, hex: string) => string)[] = [
      (ip) => `::${ip}`,
      (ip) => `::ffff:0:${ip}`,
      (ip) => `64:ff9b::${ip}`,
      (ip) => `64:ff9b:1::${ip}`,
      (_, hex) => `2002:${hex}::1`,
      (_, hex) => `2001:0:${hex}::`,
      (_, hex) => `2001::${hex}`,
    ];
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(...tunnels), (ip, tunnel) => {
        const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
        const text = tunnel(ip, `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
        if (text === '::0.0.0.1') return; // our own loopback, by another spelling
        expect(checkAddress(text, ['public', 'private', 'loopback']), text).to.deep.equal({
          ok: false,
          error: 'address-denied',
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('calls public what lies in no range of special purpose, and nothing else, as another implementation sees it', () => {
    fc.assert(
      fc.property(fc.oneof(nearRanges(), ip$), (text) => {
        const result = classify(text);
        if (!result.ok) return;
        expect(result.class === 'public', text).to.equal(!isSpecial(result.ip));
      }),
      { numRuns: 10_000 },
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
    expect(checkAddress('10.0.0.1', ['private'])).to.deep.equal({
      ok: true,
      ip: '10.0.0.1',
      family: 4,
      scope: 'RFC 1918',
    });
  });

  it('tells the scope that an answer from there testifies for', () => {
    const scopes = [
      ['1.1.1.1', 'public IPv4'],
      ['172.16.0.1', 'RFC 1918'],
      ['100.64.0.1', 'CGNAT'],
      ['127.0.0.1', 'loopback IPv4'],
      ['2606:4700::1', 'public IPv6'],
      ['fd00::1', 'ULA'],
      ['::1', 'loopback IPv6'],
      ['fe80::1', undefined],
      ['224.0.0.1', undefined],
    ] as const;
    for (const [ip, scope] of scopes) expect(classify(ip), ip).to.include({ scope });
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
