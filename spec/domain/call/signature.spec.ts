import { expect } from 'chai';
import fc from 'fast-check';
import { sign, SIGNATURE_HEADER, TERM_HEADER, termOf, verify } from '#src/domain/call/signature.js';

const SECRET = 'a secret of ours';

describe('verify', () => {
  const at = 1_700_000_000_000;
  const body = '{"uuid":"x"}';
  const check = (header: string | undefined, over: object = {}) =>
    verify(SECRET, { body, at, headers: header === undefined ? {} : { [SIGNATURE_HEADER]: header }, ...over });
  const good = sign(SECRET, body, at);

  it('takes what was signed with the secret, up to five minutes from our own clock', () => {
    expect(check(good)).to.equal(true);
    expect(check(sign(SECRET, body, at - 300_000))).to.equal(true);
    expect(check(sign(SECRET, body, at - 301_000)), 'a replay').to.equal(false);
    expect(check(sign(SECRET, body, at + 301_000))).to.equal(false);
  });

  it('takes one good digest of several, while a secret is exchanged', () => {
    expect(check(`${good},v1=${'0'.repeat(64)}`)).to.equal(true);
    expect(check(good.replace(',v1', `,v1=${'0'.repeat(64)},v1`))).to.equal(true);
  });

  for (const header of [undefined, '', 't=1', 'v1=00', 't=x,v1=00', good.replace('v1=', 'v0='), good.slice(0, -2)]) {
    it(`refuses ${String(header).slice(0, 40)}`, () => {
      expect(check(header)).to.equal(false);
    });
  }

  it('refuses another body, another secret', () => {
    expect(check(good, { body: `${body} ` })).to.equal(false);
    expect(check(sign('another secret', body, at))).to.equal(false);
  });

  it('takes either secret while one is exchanged, and no other', () => {
    const call = { body, at, headers: { [SIGNATURE_HEADER]: good } };
    expect(verify(['the next secret', SECRET], call)).to.equal(true);
    expect(verify(['the next secret', 'another one'], call)).to.equal(false);
    expect(verify([], call)).to.equal(false);
  });

  it('takes an empty secret for none, also where somebody has signed with it', () => {
    expect(verify('', { body, at, headers: { [SIGNATURE_HEADER]: sign('', body, at) } })).to.equal(false);
  });

  it('takes what was signed and nothing that differs in body, term, secret or time', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 });
    const term = fc.option(fc.nat(), { nil: undefined });
    const headersOf = (signature: string, sent: number | undefined) => ({
      [SIGNATURE_HEADER]: signature,
      ...(sent === undefined ? {} : { [TERM_HEADER]: String(sent) }),
    });
    fc.assert(
      fc.property(text, text, fc.string({ minLength: 1 }), term, fc.integer({ min: -400, max: 400 }), (...drawn) => {
        const [one, other, secret, sent, lateS] = drawn;
        const signature = sign(secret, one, at, sent);
        const call = { body: one, at, headers: headersOf(signature, sent) };
        expect(verify(secret, call)).to.equal(true);
        expect(verify(secret, { ...call, body: Buffer.from(one) })).to.equal(Buffer.from(one).toString() === one);
        expect(verify(`${secret}x`, call)).to.equal(false);
        expect(verify(secret, { ...call, body: other })).to.equal(other === one);
        expect(verify(secret, { ...call, headers: headersOf(signature, (sent ?? 0) + 1) })).to.equal(false);
        expect(verify(secret, { ...call, at: at + lateS * 1_000 })).to.equal(Math.abs(lateS) <= 300);
      }),
    );
  });
});

describe('termOf', () => {
  const of = (term: string | string[] | undefined) => termOf({ headers: { [TERM_HEADER]: term } });

  it('is the number that the header carries', () => {
    expect([of('0'), of('1767225600')]).to.deep.equal([0, 1_767_225_600]);
  });

  it('is undefined for what is none', () => {
    for (const text of [undefined, '', '-1', '1.5', '1e3', 'x', '9'.repeat(16), ['1', '2']]) {
      expect(of(text), String(text)).to.equal(undefined);
    }
  });
});
