import { expect } from 'chai';
import fc from 'fast-check';
import { latencyCode, latencyOf, lifetimeMs, readHistory, uptime, type Bucket } from '#src/domain/history.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('the history of a consumer', () => {
  describe('latencies', () => {
    it('are told within 2.3%, and within half a millisecond, up to a minute', () => {
      fc.assert(
        fc.property(fc.double({ min: 1, max: 60_000, noNaN: true }), (ms) => {
          const read = latencyOf(latencyCode(ms)) ?? NaN;
          expect(Math.abs(read - ms)).to.be.at.most(0.5 + ms * 0.023);
        }),
      );
    });

    it('below a millisecond are one, beyond a minute are a minute', () => {
      expect([0, 0.2, 1].map(latencyCode)).to.deep.equal([1, 1, 1]);
      expect(latencyOf(1)).to.equal(1);
      expect([61_000, 1e9].map(latencyCode)).to.deep.equal([255, 255]);
      expect(latencyOf(0)).to.equal(undefined);
    });

    it('grow with their codes', () => {
      fc.assert(
        fc.property(
          fc.double({ min: 0, max: 1e6, noNaN: true }),
          fc.double({ min: 0, max: 1e6, noNaN: true }),
          (a, b) => {
            expect(latencyCode(Math.min(a, b))).to.be.at.most(latencyCode(Math.max(a, b)));
          },
        ),
      );
    });
  });

  describe('readHistory', () => {
    /** Two hours and one day, as the documentation has it. */
    const NEWEST = 490_000;
    const bytes = (): Buffer => {
      const header = Buffer.alloc(15);
      header.write('h1', 'latin1');
      header.writeUInt16BE(2, 2);
      header.writeUInt16BE(1, 4);
      header.writeUInt32BE(NEWEST, 6);
      const day = Buffer.alloc(5);
      day.writeUIntBE(1_500 * 2 ** 29 + 40 * 2 ** 18 + 3 * 2 ** 7 + 9, 0, 5);
      return Buffer.concat([header, Buffer.from([0, 0, 0, 0, 58, 2, 1, 17]), day]);
    };

    it('reads each slot, and leaves empty ones out', () => {
      expect(readHistory(bytes())).to.deep.equal({
        hours: [{ at: NEWEST * HOUR_MS, answered: 58, failed: 2, withheld: 1, latencyMs: 2 }],
        days: [{ at: Math.floor(NEWEST / 24) * DAY_MS, answered: 1_500, failed: 40, withheld: 3, latencyMs: 2 }],
      });
    });

    it('takes nothing else for a history', () => {
      const others = [
        Buffer.alloc(0),
        Buffer.from('h1'),
        Buffer.from('some other text of another program'),
        bytes().subarray(0, -1),
        Buffer.concat([bytes(), Buffer.from([0])]),
        Buffer.concat([Buffer.from('h2'), bytes().subarray(2)]),
      ];
      for (const other of others) expect(readHistory(other), other.toString('hex')).to.equal(undefined);
    });

    it('never throws, whatever stands there', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (tail) => {
          readHistory(Buffer.from(tail));
          readHistory(Buffer.concat([Buffer.from('h1'), tail]));
        }),
      );
    });
  });

  describe('uptime', () => {
    const bucket = (at: number, answered: number, failed: number, withheld = 0): Bucket => ({
      at,
      answered,
      failed,
      withheld,
      latencyMs: undefined,
    });

    it('is the share of what was answered, of the buckets that begin in the time asked for', () => {
      const hours = [bucket(0, 0, 60), bucket(1, 45, 15), bucket(2, 60, 0), bucket(3, 0, 60)];
      expect(uptime(hours, 1, 3)).to.equal(105 / 120);
    });

    it('leaves out what could not be held against the peer', () => {
      expect(uptime([bucket(0, 30, 0, 30)], 0, 1)).to.equal(1);
      expect(uptime([bucket(0, 0, 0, 60)], 0, 1), 'our own outage').to.equal(undefined);
      expect(uptime([], 0, 1)).to.equal(undefined);
    });
  });

  it('expires a day after the last of it has no place any more', () => {
    expect(lifetimeMs({ hours: 168, days: 90 })).to.equal(91 * DAY_MS);
    expect(lifetimeMs({ hours: 168, days: 0 })).to.equal(8 * DAY_MS);
  });
});
