import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { checkAddress, classify } from '#src/domain/ip/address.js';
import { parseIpAnswer } from '#src/domain/ip/answer.js';
import { familyOf, numberOf } from '../domain/ip/addresses.js';
import { isSpecial } from '../domain/ip/ranges.js';
import { corpus, INPUTS, replay, withInput } from '../support/fuzz/inputs.js';
import { body$, spelling$ } from '../support/fuzz/spellings.js';
import { report } from '../support/scale.js';

/** An IPv4 address within an IPv6 one: `::ffff:0:0/96`. */
const MAPPED = 0xffffn << 32n;

const expectRead = (text: string): boolean => {
  const result = classify(text);
  // Node's own reading, which takes zones; an address with one is nobody's to call.
  const isLiteral = isIP(text) !== 0 && !text.includes('%');
  expect(result.ok, 'is a literal').to.equal(isLiteral);
  const checked = checkAddress(text, ['public']);
  if (!result.ok) {
    expect(checked).to.deep.equal({ ok: false, error: 'address-invalid' });
    return false;
  }
  const { ip, family } = result;
  const [meant, read] = [numberOf(text), numberOf(ip)];
  const mapped = familyOf(text) === 'ipv6' && meant >> 32n === MAPPED >> 32n;
  expect(read, 'the very same address').to.equal(mapped ? meant - MAPPED : meant);
  expect(family).to.equal(mapped || familyOf(text) === 'ipv4' ? 4 : 6);
  const host = family === 6 ? `[${ip}]` : ip;
  expect(new URL(`http://${host}/`).hostname, 'canonical').to.equal(host);
  const scope = family === 4 ? 'public IPv4' : 'public IPv6';
  expect(checked).to.deep.equal(
    isSpecial(ip) ? { ok: false, error: 'address-denied' } : { ok: true, ip, family, scope },
  );
  return true;
};

const expectAnswer = (body: string): boolean => {
  const answers = (['ipv4', 'ipv6'] as const).map((family) => {
    const ip = parseIpAnswer(body, family);
    if (ip === undefined) return false;
    expect(familyOf(ip)).to.equal(family);
    expect(isSpecial(ip), `${ip} is public`).to.equal(false);
    expect(expectRead(ip)).to.equal(true);
    expect(checkAddress(ip, ['public'])).to.include({ ok: true, ip });
    const text = body.trim();
    // Alone in the body; what is in JSON is one of its values.
    if (!/^["{]/.test(text)) expect(classify(text)).to.include({ ip });
    return true;
  });
  expect(answers, 'of one family').to.not.deep.equal([true, true]);
  return answers.includes(true);
};

describe('fuzz: addresses and answers about our own', () => {
  const saved = corpus('ip') as readonly string[];
  const fuzz = (arbitrary: fc.Arbitrary<string>, work: (text: string) => boolean): string => {
    let good = 0;
    fc.assert(
      fc.property(arbitrary, (text) => {
        good += Number(withInput(text, () => work(text)));
      }),
      { numRuns: INPUTS, ...replay },
    );
    return `${INPUTS} inputs, ${good} of them taken`;
  };

  it('reads what once was misread, or is made to be', () => {
    for (const text of saved) {
      expectRead(text);
      expectAnswer(text);
    }
  });

  it('reads an address as Node does, as the one that is dialled, and calls none of special purpose', () => {
    report(`addresses: ${fuzz(spelling$, expectRead)}`);
  });

  it('takes for our address nothing but one public address, alone in the answer', () => {
    report(`answers: ${fuzz(body$, expectAnswer)}`);
  });
});
