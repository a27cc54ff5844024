import { expect } from 'chai';
import fc from 'fast-check';
import { classify } from '#src/domain/ip/address.js';
import { parseIpAnswer } from '#src/domain/ip/answer.js';

describe('parseIpAnswer', () => {
  const table: readonly (readonly [string, string, string | undefined])[] = [
    ['a bare address', '1.1.1.1', '1.1.1.1'],
    ['with a line end', '1.1.1.1\r\n', '1.1.1.1'],
    ['a JSON text', '"1.1.1.1"', '1.1.1.1'],
    ['{ip}', '{"ip":"1.1.1.1","country":"nowhere"}', '1.1.1.1'],
    ['{query}', ' {"status":"success","query":"1.1.1.1"}', '1.1.1.1'],
    ['a private address', '192.168.1.1', undefined],
    ['a private one in JSON', '{"ip":"10.0.0.1"}', undefined],
    ['a portal', '<html><body>Log in from 1.1.1.1</body></html>', undefined],
    ['two addresses', '1.1.1.1, 8.8.8.8', undefined],
    ['two fields', '{"ip":"1.1.1.1","query":"8.8.8.8"}', undefined],
    ['the same in two fields', '{"ip":"1.1.1.1","ip_addr":"1.1.1.1"}', undefined],
    ['one of each family', '{"ip":"1.1.1.1","address":"2606:4700::1"}', undefined],
    ['a street beside it', '{"ip":"1.1.1.1","address":"Main Street 5"}', '1.1.1.1'],
    ['a street alone', '{"address":"Main Street 5"}', undefined],
    ['{ip_addr}', '{"ip_addr":"1.1.1.1"}', '1.1.1.1'],
    ['{address}', '{"address":"1.1.1.1"}', '1.1.1.1'],
    ['a field of another name', '{"gateway":"1.1.1.1"}', undefined],
    ['a list', '["1.1.1.1"]', undefined],
    ['nested', '{"ip":{"ip":"1.1.1.1"}}', undefined],
    ['a mapped address', '::ffff:1.1.1.1', '1.1.1.1'],
    ['leading zeros', '01.1.1.1', undefined],
    ['quotes that are not JSON', "'1.1.1.1'", undefined],
    ['a page in JSON', '"<html>1.1.1.1</html>"', undefined],
    ['no text field', '{"ip":16843009}', undefined],
    ['the wrong family', '2606:4700::1', undefined],
    ['text around it', 'Your IP: 1.1.1.1', undefined],
    ['nothing', '', undefined],
    ['null', 'null', undefined],
    ['broken JSON', '{"ip":', undefined],
    ['a prototype', '{"__proto__":{"ip":"1.1.1.1"}}', undefined],
    ['just not too much', `1.1.1.1${' '.repeat(4_089)}`, '1.1.1.1'],
    ['one character too many', `1.1.1.1${' '.repeat(4_090)}`, undefined],
    ['too much', `1.1.1.1${' '.repeat(5_000)}`, undefined],
  ];
  for (const [what, body, expected] of table) {
    it(`${what}: ${expected ?? 'no answer'}`, () => {
      expect(parseIpAnswer(body, 'ipv4')).to.equal(expected);
    });
  }

  it('takes IPv6 where that is wanted, in canonical form', () => {
    expect(parseIpAnswer('2606:4700:0:0::1', 'ipv6')).to.equal('2606:4700::1');
    expect(parseIpAnswer('1.1.1.1', 'ipv6')).to.equal(undefined);
    expect(parseIpAnswer('::ffff:1.1.1.1', 'ipv6')).to.equal(undefined);
  });

  it('takes other classes only where they are allowed', () => {
    expect(parseIpAnswer('10.0.0.1', 'ipv4', ['private'])).to.equal('10.0.0.1');
  });

  it('whatever comes, an answer is a public address', () => {
    const body$ = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.ipV4(),
      fc.ipV6(),
      fc.record({ ip: fc.ipV4() }).map((o) => JSON.stringify(o)),
    );
    fc.assert(
      fc.property(body$, fc.constantFrom('ipv4', 'ipv6'), (body, family) => {
        const ip = parseIpAnswer(body, family);
        if (ip !== undefined) expect(classify(ip)).to.include({ ok: true, ip, class: 'public' });
      }),
      { numRuns: 2_000 },
    );
  });
});
