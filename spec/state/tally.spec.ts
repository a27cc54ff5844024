import { expect } from 'chai';
import fc from 'fast-check';
import { increment, isFull, mergeTallies, unpackTally } from '#src/state/tally.js';

const result = fc.constantFrom('answered' as const, 'failed' as const, 'withheld' as const);
const packedOf = (results: readonly ('answered' | 'failed' | 'withheld')[]) => results.reduce(increment, 0);

describe('a tally', () => {
  it('counts each kind of result by itself', () => {
    fc.assert(
      fc.property(fc.array(result, { maxLength: 500 }), (results) => {
        const count = (kind: string) => results.filter((one) => one === kind).length;
        const tally = unpackTally(packedOf(results), 7, 9);
        expect(tally).to.deep.equal({
          began: 7,
          answered: count('answered'),
          failed: count('failed'),
          withheld: count('withheld'),
          codes: 9,
        });
      }),
    );
  });

  it('is a small integer, and a full count stays full', () => {
    const kinds = ['answered', 'failed', 'withheld'] as const;
    const full = packedOf(Array.from({ length: 1_100 }, () => kinds).flat());
    expect(unpackTally(full, 0, 0)).to.include({ answered: 1_023, failed: 1_023, withheld: 1_023 });
    expect(full).to.be.below(2 ** 30);
    expect(isFull(full, 'failed')).to.equal(true);
    expect(isFull(packedOf(['failed']), 'failed')).to.equal(false);
  });

  it('is joined with a later one, and keeps the mean of the latencies', () => {
    const tally = (answered: number, failed: number, codes: number) => ({
      began: 1,
      answered,
      failed,
      withheld: 2,
      codes,
    });
    const { packed, codes } = mergeTallies(tally(10, 1, 500), tally(20, 0, 700));
    expect(unpackTally(packed, 1, codes)).to.deep.equal({ ...tally(30, 1, 1_200), withheld: 4 });
    const most = mergeTallies(tally(1_000, 0, 50_000), tally(1_000, 0, 70_000));
    expect(Math.round(most.codes / unpackTally(most.packed, 1, 0).answered)).to.equal(60);
  });
});
