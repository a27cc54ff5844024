import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { describeEntry, describeFolded, foldEntries, type StreamEntry } from '#src/domain/text/entryWords.js';

const WORDS: readonly (readonly [string, object, string])[] = [
  [
    'peer.unavailable',
    { uuid: 'a', before: 'suspect', error: 'timeout' },
    'consumer a is unavailable, was suspect (timeout)',
  ],
  ['peer.available', { uuid: 'a' }, 'consumer a is available'],
  ['peer.suspect', { uuid: 'a', before: 'available', error: 'tls' }, 'consumer a is suspect, was available (tls)'],
  [
    'peer.malformed',
    { peer: 'producer', uuid: 'p', error: 'address-denied' },
    'producer p is not called: address-denied',
  ],
  [
    'isolation.began',
    { scope: 'public IPv4', peers: 2 },
    'no witness answers over public IPv4: failures are not counted against its 2 peers',
  ],
  ['isolation.ended', { scope: 'RFC 1918' }, 'a witness answers over RFC 1918 again'],
  [
    'isolation.ended',
    { scope: 'ULA', peers: 1 },
    'too few peers are left over ULA to tell whether we are online there',
  ],
  ['family.missing', { family: 'IPv6', peers: 1 }, "this host has no IPv6 address, so 1 peer can't be called"],
  ['family.found', { family: 'IPv6' }, 'this host has an IPv6 address now'],
  ['clock.gap', { gapMs: 7_000 }, 'the process stood still for 7.0 s: what was in flight meanwhile is not judged'],
  ['host.short', {}, 'this host is out of file descriptors, ports or memory'],
  ['host.recovered', {}, 'this host has what its calls need again'],
  ['round.skipped', { lane: 'regular' }, 'a round was skipped: the one before was still under way'],
  [
    'events.folded',
    { since: 1, counts: { 'peer.suspect': 3, 'peer.unavailable': 2 } },
    'too many events about single peers to keep each: 3 peer.suspect, 2 peer.unavailable',
  ],
  ['process.stopping', { signal: 'SIGTERM' }, 'SIGTERM: the scheduler stops'],
  ['leader.took', { term: 7 }, 'this scheduler works on the registry (term 7)'],
  [
    'leader.took',
    { term: 8, afterMs: 4_000 },
    'this scheduler works on the registry (term 8), 4.0 s after the last sign of life of the one before',
  ],
  ['leader.lost', { holder: { host: 'nas', pid: 12 } }, 'another scheduler, on host nas, has taken over the registry'],
  ['leader.lost', { holder: null }, 'another scheduler has taken over the registry'],
  ['shares.changed', { held: 3, of: 64, gained: 1, lost: 2 }, 'this replica has 3 of 64 shares (1 gained, 2 lost)'],
  ['shares.doubtful', { held: 1 }, 'it is in doubt whether 1 share is still held by this replica'],
  ['shares.doubtful', { held: 32 }, 'it is in doubt whether 32 shares are still held by this replica'],
  ['shares.renewed', { held: 32 }, 'this replica holds 32 shares again'],
  ['verdicts.fenced', { rows: 2 }, '2 results are not written: another replica has the share by now'],
  ['replica.joined', { instance: 'i', name: 'nas-2' }, 'replica nas-2 has joined'],
  ['replica.left', { instance: 'i', name: 'n\u001b[31m' }, 'replica "n\\u001b[31m" has left'],
  [
    'replica.elsewhere',
    { ip: '1.1.1.1', stored: '8.8.8.8' },
    'the public IP of this replica is 1.1.1.1, and that of the node 8.8.8.8: it gives up its shares',
  ],
  ['replica.returned', { ip: '8.8.8.8' }, "the public IP of this replica is the node's again (8.8.8.8)"],
  ['ip.confirmed', { ip: '1.1.1.1', agreed: ['dns', 'https'] }, 'public IP is 1.1.1.1 (dns, https)'],
  ['ip.unknown', { failures: [] }, 'could not find the public IP'],
  ['ip.unknown', { known: '1.1.1.1' }, 'could not find the public IP; 1.1.1.1 stays announced'],
  ['ip.disagreed', { answers: ['1.1.1.1', '8.8.8.8'] }, 'the sources of the public IP disagree: 1.1.1.1, 8.8.8.8'],
  [
    'ip.held',
    { ip: '1.1.1.1', quietMs: 300_000 },
    'public IP changes too often: 1.1.1.1 is announced once it has stood for 300.0 s',
  ],
  ['ip.changed', { ip: '1.1.1.1', producers: 1 }, 'public IP is now 1.1.1.1: 1 producer to tell'],
  [
    'ip.changed',
    { ip: '1.1.1.1', previous: '8.8.8.8', producers: 2 },
    'public IP changed from 8.8.8.8 to 1.1.1.1: 2 producers to tell',
  ],
  ['announcement.acknowledged', { uuid: 'p', ip: '1.1.1.1' }, 'producer p acknowledged 1.1.1.1'],
  [
    'announcement.failed',
    { uuid: 'p', ip: '1.1.1.1', reason: 'http-503' },
    'producer p did not acknowledge 1.1.1.1 (http-503), it is told again',
  ],
  ['announcement.dropped', { uuid: 'p' }, 'producer p left the registry before it acknowledged'],
  [
    'announcement.outdated',
    { uuid: 'p', ip: '1.1.1.1', why: 'left' },
    'what producer p said to 1.1.1.1 counts no longer: it has left the registry',
  ],
  ['announcements.added', { ip: '1.1.1.1', newcomers: 2 }, '1.1.1.1 is told to 2 newcomers'],
  ['announcements.complete', { ip: '1.1.1.1' }, 'every producer has acknowledged 1.1.1.1'],
  ['redis.up', {}, 'Redis is there'],
  ['redis.down', { reason: 'the server’s memory is full' }, "Redis can't be used: the server’s memory is full"],
  [
    'redis.caught-up',
    { what: 'writing verdicts', written: 3 },
    'writing verdicts works again: 3 verdicts that waited in memory are written',
  ],
  [
    'redis.caught-up',
    { what: 'writing verdicts', written: 1 },
    'writing verdicts works again: 1 verdict that waited in memory is written',
  ],
  [
    'embedded.ended',
    { reason: 'killed', retryInMs: 1_000 },
    'the embedded redis-server has ended and is started again in 1.0 s: killed',
  ],
  ['config.reloaded', { changed: ['sync.interval'] }, 'configuration reloaded: sync.interval changed'],
  ['config.reloaded', { changed: [] }, 'the configuration is valid again and has not changed'],
  ['config.rejected', { problems: ['a: b'] }, 'new configuration ignored: a: b'],
  ['config.needs-restart', { keys: [] }, 'no restart is needed any more'],
  ['config.needs-restart', { keys: ['uuid'] }, 'a restart is needed for the new value of uuid'],
  ['config.needs-restart', { keys: ['uuid', 'redis'] }, 'a restart is needed for the new values of uuid, redis'],
];

describe('the words for an entry of the journal', () => {
  it('exist for every entry that the scheduler writes', () => {
    const transcript = readFileSync(
      new URL('../../../../spec/transcripts/journal-entries.txt', import.meta.url),
      'utf8',
    );
    const entries = [...transcript.matchAll(/ · ([a-z]+\.[a-z-]+) · (\{.*\})$/gm)];
    expect(entries).to.have.length.greaterThan(60);
    for (const [, type = '', data = ''] of entries) {
      expect(describeEntry(type, data), type).to.not.match(new RegExp(`^${type}`));
    }
  });

  for (const [type, data, words] of WORDS) {
    it(words, () => {
      expect(describeEntry(type, JSON.stringify(data))).to.equal(words);
    });
  }

  it('of an unknown type are that type and its data', () => {
    expect(describeEntry('moon.rose', '{"at":5}')).to.equal('moon.rose {"at":5}');
    expect(describeEntry('moon.rose', '{}')).to.equal('moon.rose');
  });

  it('of data that is no object are the type and what stands there', () => {
    expect(describeEntry('peer.available', 'nonsense')).to.equal('peer.available nonsense');
    expect(describeEntry('peer.available', '[1]')).to.equal('peer.available [1]');
  });

  it('never steer a terminal and never grow long, whatever stands there', () => {
    const types = fc.oneof(fc.constantFrom(...WORDS.map(([type]) => type)), fc.string());
    const fields = fc.constantFrom('uuid', 'ip', 'reason', 'error', 'before', 'answers', 'counts', 'scope', 'peers');
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2_000 }),
      fc.constantFrom('\u001b[31mred', '\u0007', '\u202e', '\n'),
      fc.jsonValue(),
    );
    const data = fc.oneof(
      fc.string(),
      fc.dictionary(fields, nasty).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(types, data, (type, text) => {
        const words = describeEntry(type, text);
        expect(words).to.not.match(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
        expect(words.length).to.be.lessThan(2_000);
      }),
    );
  });
});

describe('neighbours of the journal that say the same', () => {
  const entry = (type: string, data: object, at = 1): StreamEntry => ({ type, at, data: JSON.stringify(data) });
  const fallen = (uuid: string, error = 'timeout') => entry('peer.unavailable', { uuid, before: 'suspect', error });
  const words = (entries: readonly StreamEntry[]): readonly string[] => foldEntries(entries).map(describeFolded);

  it('are one line with their number', () => {
    expect(words([fallen('a'), fallen('b'), fallen('c')])).to.deep.equal(['3 peers are unavailable (timeout)']);
  });

  it('stay apart where the reason, the type or the place differs', () => {
    const all = [fallen('a'), fallen('b'), fallen('c', 'refused'), entry('redis.up', {}), fallen('d', 'refused')];
    expect(words(all)).to.deep.equal([
      '2 peers are unavailable (timeout)',
      'consumer c is unavailable, was suspect (refused)',
      'Redis is there',
      'consumer d is unavailable, was suspect (refused)',
    ]);
  });

  it('of this node are each told', () => {
    expect(words([entry('redis.up', {}), entry('redis.up', {})])).to.have.length(2);
  });

  it('have words of their own for each type', () => {
    const twice = (type: string, data: object) => words([entry(type, data), entry(type, data)])[0];
    expect(twice('peer.malformed', { error: 'address-invalid' })).to.equal(
      '2 entries of the registry are not called (address-invalid)',
    );
    expect(twice('announcement.acknowledged', { ip: '1.1.1.1' })).to.equal('2 producers acknowledged 1.1.1.1');
    expect(twice('announcement.failed', { ip: '1.1.1.1', reason: 'tls' })).to.equal(
      '2 producers did not acknowledge 1.1.1.1 (tls)',
    );
    expect(twice('announcement.dropped', {})).to.equal('2 producers left the registry before they acknowledged');
  });

  it('lose none: the numbers add up to the entries', () => {
    const some = fc.constantFrom(fallen('a'), fallen('b'), fallen('a', 'tls'), entry('redis.up', {}), entry('x', {}));
    fc.assert(
      fc.property(fc.array(some), (entries) => {
        const total = foldEntries(entries).reduce((sum, { count }) => sum + count, 0);
        expect(total).to.equal(entries.length);
      }),
    );
  });
});
