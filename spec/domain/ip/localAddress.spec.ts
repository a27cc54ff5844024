import { expect } from 'chai';
import { chooseAddress, readFlags } from '#src/domain/ip/localAddress.js';

const A = '2606:4700::a';
const B = '2606:4700::b';
const PERMANENT = 0x80;
const DEPRECATED = 0x20;
const TEMPORARY = 0x01;
const TENTATIVE = 0x40;
const FAILED = 0x08;

describe('readFlags', () => {
  const text = `26064700000000000000000000000002 01 40 00 a0       lo
0000000000000000000000000000000a 02 80 10 01     eth0
26064700000000000000ffff01020304 02 40 00 80     eth0
`;

  it('gives the flags of each address of the interface, in the spelling that addresses have here', () => {
    expect([...readFlags(text, 'lo')]).to.deep.equal([['2606:4700::2', 0xa0]]);
    expect([...readFlags(text, 'eth0')]).to.deep.equal([
      ['::a', TEMPORARY],
      ['2606:4700::ffff:102:304', PERMANENT],
    ]);
  });

  it('gives none where there is nothing to read', () => {
    expect(readFlags('', 'lo').size).to.equal(0);
    expect(readFlags('nonsense\n\n0 1 2 3 4 lo\n', 'lo').size).to.equal(0);
  });
});

describe('chooseAddress', () => {
  const choose = (a: number, b: number, known?: string) =>
    chooseAddress(
      [A, B],
      new Map([
        [A, a],
        [B, b],
      ]),
      known,
    );

  it('takes the first where nothing tells them apart, or none', () => {
    expect(choose(PERMANENT, PERMANENT)).to.equal(A);
    expect(chooseAddress([A, B], new Map(), undefined)).to.equal(A);
    expect(chooseAddress([], new Map(), A)).to.equal(undefined);
  });

  it('stays with what is known, however many stand in front of it', () => {
    expect(choose(PERMANENT, PERMANENT, B)).to.equal(B);
    expect(chooseAddress([A, B], new Map(), B)).to.equal(B);
    expect(choose(TEMPORARY, TEMPORARY, B)).to.equal(B);
  });

  it('but not where that is gone', () => {
    expect(choose(PERMANENT, PERMANENT, '2606:4700::c')).to.equal(A);
  });

  for (const [what, flag] of Object.entries({ DEPRECATED, TEMPORARY, TENTATIVE, FAILED })) {
    it(`takes none that is ${what.toLowerCase()} while there is another, known or not`, () => {
      expect(choose(flag, PERMANENT)).to.equal(B);
      expect(choose(flag, PERMANENT, A)).to.equal(B);
      expect(choose(flag, flag | PERMANENT, B)).to.equal(B);
    });
  }

  it('takes a temporary one rather than a deprecated one, and that rather than one that is not yet ours', () => {
    expect(choose(DEPRECATED, TEMPORARY)).to.equal(B);
    expect(choose(TENTATIVE, DEPRECATED)).to.equal(B);
    expect(choose(DEPRECATED | TEMPORARY, TEMPORARY)).to.equal(B);
  });
});
