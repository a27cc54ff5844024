import { expect } from 'chai';
import { inGroups, trend } from './regression.js';

describe('trend', () => {
  it('is exact on a straight line', () => {
    expect(trend([0, 1, 2, 3].map((x) => [x, 5 + 2 * x]))).to.deep.equal({ mean: 8, slope: 2, margin: 0 });
  });

  it('agrees with an example worked by hand', () => {
    // y = 2.2 + 0.6 x, standard error of the slope 0.2828 with 3 degrees of freedom, whose quantile is 3.182.
    const { slope, margin } = trend([
      [1, 2],
      [2, 4],
      [3, 5],
      [4, 4],
      [5, 5],
    ]);
    expect(slope).to.be.closeTo(0.6, 1e-12);
    expect(margin).to.be.closeTo(0.2828 * 3.182, 0.02);
  });

  it('says that there is nothing to see in what only swings', () => {
    const { slope, margin } = trend(Array.from({ length: 40 }, (_, x) => [x, x % 2]));
    expect(Math.abs(slope)).to.be.lessThan(margin);
  });

  it('refuses what no line goes through', () => {
    expect(() => trend([[1, 1]])).to.throw('three points');
  });
});

describe('inGroups', () => {
  it('takes the mean of each group and leaves out what fills none', () => {
    expect(
      inGroups(
        [1, 3, 5, 7, 9].map((x) => [x, 2 * x]),
        2,
      ),
    ).to.deep.equal([
      [2, 4],
      [6, 12],
    ]);
  });
});
