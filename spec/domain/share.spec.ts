import { expect } from 'chai';
import fc from 'fast-check';
import { shareOf } from '#src/domain/share.js';

describe('shareOf', () => {
  it('is the same in every version, on every replica', () => {
    const golden: Readonly<Record<string, readonly [of64: number, of256: number]>> = {
      '00000000-0000-4000-8000-000000000000': [35, 99],
      'aaaaaaaa-0000-4000-8000-000000000000': [5, 133],
      '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11': [56, 184],
      '01939f2e-7c00-7000-8000-000000000001': [58, 58],
      '01939f2e-7c00-7000-8000-000000000002': [37, 229],
      'no uuid at all': [24, 152],
      '': [11, 11],
    };
    const found = Object.fromEntries(
      Object.keys(golden).map((uuid) => [uuid, [shareOf(uuid, 64), shareOf(uuid, 256)]]),
    );
    expect(found).to.deep.equal(golden);
  });

  it('takes no notice of upper case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.integer({ min: 16, max: 1_024 }), (uuid, shares) => {
        expect(shareOf(uuid.toUpperCase(), shares)).to.equal(shareOf(uuid, shares));
      }),
    );
  });

  it('has a share for whatever stands in the registry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 16, max: 1_024 }), (text, shares) => {
        expect(shareOf(text, shares)).to.be.within(0, shares - 1);
      }),
    );
  });

  it('fills the shares evenly, also with UUIDs that differ in their clock alone', () => {
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i += 1) {
      const uuid = `01939f2e-${i.toString(16).padStart(4, '0')}-7000-8000-000000000000`;
      counts[shareOf(uuid, 64)] = (counts[shareOf(uuid, 64)] ?? 0) + 1;
    }
    // A thousand each, and six times what chance makes of it.
    for (const count of counts) expect(count).to.be.within(800, 1_200);
  });
});
