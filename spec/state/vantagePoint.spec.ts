import { expect } from 'chai';
import { VantagePoint, type Addresses } from '#src/state/vantagePoint.js';

const PATIENCE_MS = 1_000;
const HERE = '1.1.1.1';
const THERE = '8.8.8.8';

describe('VantagePoint', () => {
  let now: number;
  let where: VantagePoint;
  beforeEach(() => {
    now = 0;
    where = new VantagePoint(
      () => now,
      () => PATIENCE_MS,
    );
  });
  const look = (over: Partial<Addresses> = {}, leads = false) =>
    where.update({ own: THERE, stored: HERE, leader: HERE, ...over }, leads);
  const longAfter = (over: Partial<Addresses> = {}, leads = false) => {
    look(over, leads);
    now += PATIENCE_MS + 1;
    return look(over, leads);
  };

  it('is elsewhere once its own IP has not been the node’s for so long, and says so once', () => {
    expect(look()).to.equal(false);
    now = PATIENCE_MS;
    expect(look()).to.equal(false);
    expect(where.elsewhere).to.equal(false);
    now += 1;
    expect(look()).to.equal(true);
    expect(where.elsewhere).to.equal(true);
    expect(look()).to.equal(false);
  });

  it('is back at once when its IP is the node’s again', () => {
    longAfter();
    expect(look({ own: HERE })).to.equal(true);
    expect(where.elsewhere).to.equal(false);
  });

  it('begins to wait anew where the IPs were the same between', () => {
    look();
    now = PATIENCE_MS;
    look({ own: HERE });
    now = PATIENCE_MS + 1;
    expect(look()).to.equal(false);
    expect(where.elsewhere).to.equal(false);
  });

  const never: readonly (readonly [string, Partial<Addresses>, boolean?])[] = [
    ['it leads', {}, true],
    ['the leader does not find the stored IP either', { leader: THERE }],
    ['nobody leads, or has found an IP', { leader: undefined }],
    ['no IP is stored', { stored: undefined }],
    ['it has not found its own', { own: undefined }],
  ];
  for (const [when, over, leads] of never) {
    it(`is not elsewhere where ${when}`, () => {
      expect(longAfter(over, leads)).to.equal(false);
      expect(where.elsewhere).to.equal(false);
    });
  }
});
