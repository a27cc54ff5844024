import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { announceRequest, syncRequest } from '#src/app/requests.js';
import { configOf, fakeDeps, GOOD, never, Peers, US } from '../support/deps.js';
import { follow } from '../support/follow.js';
import { holding } from '../support/holding.js';
import { settled } from '../support/timers.js';

describe('requests', () => {
  const to = { ip: '1.1.1.1', port: undefined };
  const IP = '9.9.9.9';

  /** What is sent to a consumer and to a producer. */
  const sent = (keys: object, address = to as { ip: string; port: number | undefined }) => {
    const { post, calls } = new Peers();
    const clock = { ...fakeDeps().clock, wall: () => 1_700_000_000_900 };
    const config = configOf(keys);
    follow(syncRequest({ post, clock }, config)(address));
    follow(announceRequest({ post, clock, leadership: holding().leadership }, config)(address, IP));
    const [sync, announcement] = calls;
    if (sync === undefined || announcement === undefined) throw new Error('nothing was sent');
    return { sync, announcement };
  };

  it('a consumer gets our UUID, and our address where that is configured', () => {
    expect(JSON.parse(sent({}).sync.body)).to.deep.equal({ uuid: US });
    expect(JSON.parse(sent({ publicIp: { override: '5.5.5.5' } }).sync.body)).to.deep.equal({
      uuid: US,
      ip: '5.5.5.5',
    });
  });

  it('a producer gets our UUID and the IP that is announced, whatever is configured', () => {
    const expected = { uuid: US, ip: IP };
    expect(JSON.parse(sent({}).announcement.body)).to.deep.equal(expected);
    expect(JSON.parse(sent({ publicIp: { override: '5.5.5.5' } }).announcement.body)).to.deep.equal(expected);
  });

  it('each kind of peer is called as its part of the configuration says', () => {
    const { sync, announcement } = sent({
      sync: { scheme: 'https', port: 8443, path: '/a', headers: { 'x-a': '1' } },
      announce: { port: 8080, path: '/b', headers: { 'x-b': '2' } },
    });
    expect(sync).to.deep.include({ url: 'https://1.1.1.1:8443/a', headers: { 'x-a': '1' } });
    expect(announcement).to.deep.include({
      url: 'http://1.1.1.1:8080/b',
      headers: { 'x-b': '2', 'x-consumer-term': '1' },
    });
  });

  it('the port of a registry entry goes before the configured one', () => {
    const { sync, announcement } = sent({}, { ip: '2606:4700::1111', port: 81 });
    expect(sync.url).to.equal('http://[2606:4700::1111]:81/sync');
    expect(announcement.url).to.equal('http://[2606:4700::1111]:81/ip');
  });

  it('each body is signed where there is a secret', () => {
    const secret = 'sixteen characters';
    const { sync, announcement } = sent({ http: { signing: { secret } }, sync: { headers: { 'x-a': '1' } } });
    const proof = (text: string) => createHmac('sha256', secret).update(text).digest('hex');
    const v1 = (body: string) => `t=1700000000,v1=${proof(`1700000000.${body}`)}`;
    expect(sync.headers['x-consumer-signature']).to.equal(v1(sync.body));
    // An announcement proves its term as well.
    const { body, headers } = announcement;
    expect(headers['x-consumer-signature']).to.equal(`${v1(body)},v2=${proof(`1700000000.1.${body}`)}`);
    expect(sync.headers).to.have.property('x-a', '1');
  });

  it('does nothing before somebody subscribes, answers once, and closes the socket where nobody waits', async () => {
    const peers: Peers = new Peers(() => (peers.calls.length === 1 ? GOOD : never()));
    const reply$ = syncRequest({ post: peers.post, clock: fakeDeps().clock }, configOf())(to);
    expect(peers.calls).to.deep.equal([]);
    const answered = follow(reply$);
    const silent = follow(reply$);
    await settled();
    expect(answered).to.deep.include({ seen: [GOOD], end: 'complete' });
    silent.leave();
    expect(peers.calls.map(({ end }) => end)).to.deep.equal([GOOD, 'aborted']);
  });
});
