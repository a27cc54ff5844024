import { expect } from 'chai';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { classify } from '#src/domain/ip/address.js';
import { callerAddress, ipCall, parseCall, readBody, syncAnswer, syncCall } from '#src/wire.js';

const UUID = 'aaaaaaaa-0000-4000-8000-000000000000';
/** One UUID of each version that RFC 9562 has, and the nil and the max UUID. */
const VERSIONS = [
  'c232ab00-9414-11ec-b3c8-9f6bdeced846',
  '5df41881-3aed-3515-88a7-2f4a814cf09e',
  '919108f7-52d1-4320-9bac-f847db4148a8',
  '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  '1ec9414c-232a-6b00-b3c8-9f6bdeced846',
  '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
];
const sync = (value: unknown) => parseCall(syncCall, JSON.stringify(value));

describe('the calls', () => {
  it('take a UUID of any version, in lower case from there on', () => {
    for (const uuid of VERSIONS) expect(sync({ uuid: uuid.toUpperCase() })).to.deep.equal({ uuid });
  });

  it('take nothing for a UUID that could be another key', () => {
    const hex = fc.mixedCase(fc.constantFrom(UUID, ...VERSIONS));
    const around = fc.string({ unit: 'binary', minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(hex, around, fc.nat(36), (uuid, more, at) => {
        const other = uuid.slice(0, at) + more + uuid.slice(at);
        expect(sync({ uuid: other }), JSON.stringify(other)).to.equal(undefined);
      }),
    );
    for (const uuid of ['', '*', '../x', `${UUID}\n`, `\n${UUID}`, 7, null, {}, [UUID], undefined]) {
      expect(sync({ uuid }), JSON.stringify(uuid)).to.equal(undefined);
    }
  });

  it('take an IP literal in its one spelling, and what is none for no call', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.string()), (ip) => {
        const address = classify(ip);
        const expected = address.ok ? { uuid: UUID, ip: address.ip } : undefined;
        expect(sync({ uuid: UUID, ip })).to.deep.equal(expected);
        expect(parseCall(ipCall, JSON.stringify({ uuid: UUID, ip }))).to.deep.equal(expected);
      }),
    );
    expect(sync({ uuid: UUID, ip: '::FFFF:1.2.3.4' })).to.deep.equal({ uuid: UUID, ip: '1.2.3.4' });
  });

  it('of a producer has an address always', () => {
    expect(parseCall(ipCall, JSON.stringify({ uuid: UUID }))).to.equal(undefined);
  });

  it('leave out fields that they do not know', () => {
    expect(sync({ uuid: UUID, more: 1, __proto__: { x: 1 } })).to.deep.equal({ uuid: UUID });
    expect(parseCall(syncAnswer, JSON.stringify({ uuid: UUID, version: 2 }))).to.deep.equal({ uuid: UUID });
  });

  it('are never thrown at, whatever the body is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (body) => {
        expect(parseCall(syncCall, body)).to.equal(undefined);
      }),
    );
  });
});

describe('readBody', () => {
  const chunks = (...sizes: number[]) => Readable.from(sizes.map((size) => Buffer.alloc(size, 'x')));

  it('is the whole text, also where a character comes in two parts', async () => {
    const bytes = Buffer.from('{"name": "Zoë"}');
    for (let at = 1; at < bytes.length; at += 1) {
      const parts = Readable.from([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(await readBody(parts)).to.equal('{"name": "Zoë"}');
    }
  });

  it('takes 64 KiB, and stops reading after that', async () => {
    expect(await readBody(chunks(65_535, 1))).to.have.length(65_536);
    const endless = chunks(...Array<number>(1_000).fill(1_024));
    expect(await readBody(endless)).to.equal(undefined);
    expect(endless.destroyed).to.equal(true);
  });
});

describe('callerAddress', () => {
  it('is the address in its one spelling, an IPv4-mapped one as IPv4', () => {
    expect(callerAddress({ remoteAddress: '::ffff:203.0.113.7' })).to.equal('203.0.113.7');
    expect(callerAddress({ remoteAddress: '2001:DB8:0::1' })).to.equal('2001:db8::1');
  });

  it('is undefined where the connection has gone, and for an address with a zone', () => {
    expect([callerAddress({}), callerAddress({ remoteAddress: undefined })]).to.deep.equal([undefined, undefined]);
    expect(callerAddress({ remoteAddress: 'fe80::1%eth0' })).to.equal(undefined);
    expect(callerAddress({ remoteAddress: randomUUID() })).to.equal(undefined);
  });
});
