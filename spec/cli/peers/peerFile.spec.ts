import { expect } from 'chai';
import fc from 'fast-check';
import { CSV_HEAD, csvLine, jsonLine, PeerFile, type FilePeer } from '#src/cli/peers/peerFile.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000000';
const B = 'bbbbbbbb-0000-4000-8000-000000000000';
const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

function read(...lines: readonly string[]): PeerFile {
  const file = new PeerFile(US);
  for (const line of lines) file.add(line);
  return file;
}

const peersIn = (file: PeerFile): FilePeer[] =>
  [...file.peers.values()].map(({ kind, uuid, ip, port }) => ({ kind, uuid, ip, port }));

describe('a file of peers', () => {
  it('is JSON, one object a line, where it begins with a brace; fields that are not the API’s own are passed over', () => {
    const file = read('', `{"kind":"consumer","uuid":"${A}","ip":"1.1.1.1","port":81,"state":"available"}`, '');
    expect(file.faults).to.deep.equal([]);
    expect(peersIn(file)).to.deep.equal([{ kind: 'consumer', uuid: A, ip: '1.1.1.1', port: '81' }]);
  });

  it('is CSV else, its columns in any order, quoted or not', () => {
    const file = read('\ufeffuuid,Kind,ip,port,remark', `"${A}", producer ,::1,,"a ""b"", c"`);
    expect(file.faults).to.deep.equal([]);
    expect(peersIn(file)).to.deep.equal([{ kind: 'producer', uuid: A, ip: '::1', port: undefined }]);
  });

  const good = `{"kind":"consumer","uuid":"${A}","ip":"1.1.1.1"}`;
  const wrong: readonly (readonly [string, string])[] = [
    ['{"kind":"friend"}', 'kind "friend": expected consumer or producer'],
    ['{}', 'kind is missing: expected consumer or producer'],
    ['{"kind":"consumer","uuid":"me","ip":"1.1.1.1"}', 'uuid "me": expected a UUID'],
    [`{"kind":"consumer","uuid":"${B}"}`, 'ip is missing: expected an IP address'],
    [`{"kind":"consumer","uuid":"${B}","ip":"host.example"}`, 'ip "host.example": address-invalid'],
    [`{"kind":"consumer","uuid":"${B}","ip":"224.0.0.1"}`, 'ip "224.0.0.1": address-denied'],
    [`{"kind":"consumer","uuid":"${B}","ip":"1.1.1.1","port":0}`, 'port 0: expected a whole number from 1 to 65535'],
    [
      `{"kind":"consumer","uuid":"${B}","ip":"1.1.1.1","port":[1]}`,
      'port [1]: expected a whole number from 1 to 65535',
    ],
    [`{"kind":"consumer","uuid":"${US.toUpperCase()}","ip":"1.1.1.1"}`, "is our own UUID: we don't call ourselves"],
    [`{"kind":"consumer","uuid":"${A.toUpperCase()}","ip":"8.8.8.8"}`, 'has another address in line 1'],
    ['{"kind":', 'expected a JSON object such as'],
    ['[1]', 'expected a JSON object such as'],
  ];
  for (const [line, said] of wrong) {
    it(`names the line of ${line}`, () => {
      const { faults, peers } = read(good, line);
      expect(faults).to.have.length(1);
      expect(faults[0]?.line).to.equal(2);
      expect(faults[0]?.message).to.include(said);
      expect(peers.size).to.equal(1);
    });
  }

  it('takes the same peer of both kinds, and the same line twice', () => {
    expect(read(good, good).faults).to.deep.equal([]);
    expect(read(good, good.replace('consumer', 'producer')).peers.size).to.equal(2);
  });

  it('tells a head without what is needed once, and rows that do not fit it each', () => {
    expect(read('kind;uuid;ip', 'a;b;c', 'd;e;f').faults).to.have.length(1);
    const { faults } = read(CSV_HEAD, `consumer,${A}`, `consumer,"${A},1.1.1.1,`);
    expect(faults.map(({ line }) => line)).to.deep.equal([2, 3]);
    expect(faults[0]?.message).to.equal('expected 4 columns, as in the head, found 2');
  });

  it('keeps twenty faults and counts all', () => {
    const file = read(good, ...Array.from({ length: 50 }, () => '{}'));
    expect(file.faults).to.have.length(20);
    expect(file.faultCount).to.equal(50);
  });

  const uuid = fc.uuid().filter((one) => one !== US);
  const ip = fc.oneof(fc.constantFrom('1.1.1.1', '10.0.0.2', '::ffff:1.1.1.1', '2606:4700::1111'));
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }).map(String), { nil: undefined });
  const peer = fc.record({ kind: fc.constantFrom('consumer' as const, 'producer' as const), uuid, ip, port });
  const peers = fc.uniqueArray(peer, { selector: (one) => `${one.kind} ${one.uuid}` });

  it('that was exported says the same', () => {
    fc.assert(
      fc.property(peers, (all) => {
        expect(peersIn(read(...all.map(jsonLine)))).to.deep.equal(all);
        expect(peersIn(read(CSV_HEAD, ...all.map(csvLine)))).to.deep.equal(all);
      }),
    );
  });

  it('never throws, and its messages never steer a terminal', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    fc.assert(
      fc.property(fc.constantFrom('{', CSV_HEAD), fc.array(text), (head, lines) => {
        for (const { message } of read(head, ...lines).faults) expect(message).to.not.match(/[\p{Cc}\u202e]/u);
      }),
    );
  });
});
