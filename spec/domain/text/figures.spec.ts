import { expect } from 'chai';
import fc from 'fast-check';
import { grouped, many, millis, percent } from '#src/domain/text/figures.js';

describe('figures', () => {
  it('never say 100% of a share that is not all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(100_000), (of, less) => {
        const count = Math.max(0, of - less);
        expect(percent(count / of) === '100%').to.equal(count === of);
      }),
    );
  });

  it('are written alike everywhere', () => {
    expect([percent(null), percent(0), percent(0.98933), percent(1)]).to.deep.equal(['–', '0.0%', '98.9%', '100%']);
    expect([grouped(999), grouped(1_234_567)]).to.deep.equal(['999', '1,234,567']);
    expect([millis(null), millis(41.4), millis(1_240)]).to.deep.equal(['–', '41 ms', '1.2 s']);
    expect([many(1, 'peer'), many(2_000, 'peer')]).to.deep.equal(['1 peer', '2,000 peers']);
  });
});
