import { expect } from 'chai';
import fc from 'fast-check';
import { isFlapping } from '#src/domain/ip/flap.js';

describe('isFlapping', () => {
  const limit = { max: 5, windowMs: 600_000 };

  it('lets five changes through in any ten minutes, and no sixth', () => {
    const five = [0, 1, 2, 3, 4];
    expect(isFlapping([], 5, limit)).to.equal(false);
    expect(isFlapping(five.slice(1), 5, limit)).to.equal(false);
    expect(isFlapping(five, 5, limit)).to.equal(true);
    expect(isFlapping(five, 599_999, limit)).to.equal(true);
    expect(isFlapping(five, 600_000, limit)).to.equal(false);
  });

  it('whoever asks it before each change never makes more than that in any window, though it keeps only the newest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 60 }), (pauses) => {
        const made: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          if (!isFlapping(made.slice(-limit.max), now, limit)) made.push(now);
        }
        for (const [i, at] of made.entries()) {
          const next = made[i + limit.max];
          if (next !== undefined) expect(next - at).to.be.at.least(limit.windowMs);
        }
      }),
    );
  });

  it('always lets a change through that comes after a quiet window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000)), (changesAt) => {
        expect(isFlapping(changesAt, 1_000_000 + limit.windowMs, limit)).to.equal(false);
      }),
    );
  });
});
