import { expect } from 'chai';
import { Observations } from '#src/status/observations.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { ANSWERS, VirtualNode, type Behaviour } from '../support/virtualNode.js';
import { freeze } from '../support/timers.js';

/** The lanes against each other, and the rounds against the evidence: the whole pipeline in virtual time. */
describe('lanes and evidence together, in virtual time', () => {
  const silent = (): Behaviour => 'silent';
  const answers = (): Behaviour => ANSWERS;
  const refuses = (): Behaviour => ({ afterMs: 1, reply: { ok: false, reason: 'refused' } });
  const noRoute = (): Behaviour => ({
    afterMs: 1,
    reply: { ok: false, reason: 'unreachable', noRoute: true, local: true },
  });
  const available = { health: { ...UNCHECKED, state: 'available' as const }, checkedAt: 1 };
  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${String(i)}`);
  let timers: ReturnType<typeof freeze>;
  let node: VirtualNode;

  beforeEach(() => {
    timers = freeze();
  });
  afterEach(async () => {
    await node.stop();
    timers.release();
  });

  const isolations = () => node.of('isolation.began').map(({ scope, at }) => `${scope} at ${String(node.at(at))}`);
  const unavailable = (uuids: readonly string[]) => uuids.filter((uuid) => node.stateOf(uuid) === 'unavailable');

  it('2 of 12 silent: unavailable after fall rechecks a suspect interval apart, and no isolation', async () => {
    node = await VirtualNode.create();
    const good = names('good', 10);
    const bad = names('bad', 2);
    good.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, answers);
    });
    bad.forEach((uuid, i) => {
      node.add(uuid, `2.2.2.${String(i + 1)}`, silent);
    });
    node.start();
    await node.run(60);
    // Three deadlines of 5 s and two pauses of 15 s, each of these longer by at most a tick.
    for (const uuid of bad) expect(node.when(uuid, 'unavailable')).to.be.within(45, 52);
    expect(unavailable(good)).to.deep.equal([]);
    expect(isolations()).to.deep.equal([]);
  });

  it('one of 20 refuses at once while all others are being called: it counts each time, and no isolation', async () => {
    node = await VirtualNode.create({ config: { network: { allow: ['public', 'private'] } } });
    const good = names('good', 19);
    node.add('closed', '10.0.0.1', refuses, available);
    good.forEach((uuid, i) => {
      node.add(uuid, `10.0.1.${String(i + 1)}`, answers, available);
    });
    node.start();
    await node.run(1);
    expect(node.stateOf('closed')).to.equal('suspect');
    await node.run(49);
    expect(node.stateOf('closed')).to.equal('unavailable');
    expect(unavailable(good)).to.deep.equal([]);
    expect(isolations()).to.deep.equal([]);
  });

  it('one of two refuses at once while the other one takes its time: that one’s answer is waited for', async () => {
    node = await VirtualNode.create();
    node.add('closed', '1.1.1.1', refuses, available);
    node.add('slow', '1.1.1.2', () => ({ afterMs: 3_000 }), available);
    node.start();
    await node.run(4);
    expect(node.stateOf('closed')).to.equal('suspect');
    expect(isolations()).to.deep.equal([]);
  });

  it('all refuse from the start: nobody is judged, and we seem to be offline', async () => {
    node = await VirtualNode.create();
    const peers = names('p', 12);
    peers.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, refuses);
    });
    node.start();
    await node.run(120);
    expect(peers.map((uuid) => node.stateOf(uuid))).to.deep.equal(peers.map(() => undefined));
    expect(isolations()).to.have.length(1);
  });

  it('half of 20 die at once: each is noticed, and no isolation', async () => {
    node = await VirtualNode.create();
    const good = names('good', 10);
    const bad = names('bad', 10);
    good.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, answers, available);
    });
    bad.forEach((uuid, i) => {
      node.add(uuid, `2.2.2.${String(i + 1)}`, (now) => (now < 90_000 ? ANSWERS : 'silent'), available);
    });
    node.start();
    await node.run(240);
    expect(unavailable(bad)).to.deep.equal(bad);
    for (const uuid of bad) expect(node.when(uuid, 'unavailable')).to.be.within(120, 180);
    expect(unavailable(good)).to.deep.equal([]);
    expect(isolations()).to.deep.equal([]);
  });

  it('our own line is down for five minutes: isolated once, nobody is unavailable, all as before afterwards', async () => {
    node = await VirtualNode.create();
    const peers = names('p', 20);
    const line = (now: number): Behaviour => (now > 90_000 && now < 390_000 ? 'silent' : ANSWERS);
    peers.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, line, available);
    });
    node.start();
    await node.run(600);
    expect(unavailable(peers)).to.deep.equal([]);
    expect(peers.every((uuid) => node.stateOf(uuid) === 'available')).to.equal(true);
    expect(isolations()).to.have.length(1);
    expect(node.of('isolation.ended')).to.have.length(1);
    expect(node.events.some((event) => event.kind === 'peer.checked' && event.check.state === 'unavailable')).to.equal(
      false,
    );
  });

  it('all are silent from the start: nobody is judged, and we seem to be offline', async () => {
    node = await VirtualNode.create();
    const peers = names('p', 12);
    peers.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, silent);
    });
    node.start();
    await node.run(120);
    expect(peers.map((uuid) => node.stateOf(uuid))).to.deep.equal(peers.map(() => undefined));
    expect(isolations()).to.have.length(1);
  });

  it('LAN answers beside a dead public line hold nothing against public peers', async () => {
    node = await VirtualNode.create({ config: { network: { allow: ['public', 'private'] } } });
    const near = names('near', 5);
    const far = names('far', 5);
    near.forEach((uuid, i) => {
      node.add(uuid, `10.0.0.${String(i + 1)}`, answers, available);
    });
    far.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, (now) => (now < 30_000 ? ANSWERS : 'silent'), available);
    });
    node.start();
    await node.run(300);
    expect(unavailable([...near, ...far])).to.deep.equal([]);
    expect(isolations().map((text) => text.replace(/ at .*/, ''))).to.deep.equal(['public IPv4']);
  });

  it('one family is down: the other one proves nothing for it', async () => {
    node = await VirtualNode.create();
    const four = names('four', 5);
    const six = names('six', 5);
    four.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, answers, available);
    });
    six.forEach((uuid, i) => {
      node.add(uuid, `2606:4700::${String(i + 1)}`, (now) => (now < 30_000 ? ANSWERS : 'silent'), available);
    });
    node.start();
    await node.run(300);
    expect(unavailable([...four, ...six])).to.deep.equal([]);
    expect(isolations().map((text) => text.replace(/ at .*/, ''))).to.deep.equal(['public IPv6']);
  });

  it('a host without IPv6: its peers are unreachable, counted, told once, and hold up nobody', async () => {
    node = await VirtualNode.create({ families: ['IPv4'] });
    const four = names('four', 100);
    const six = names('six', 100);
    four.forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, answers, available);
    });
    six.forEach((uuid, i) => {
      node.add(uuid, `2606:4700::${(i + 1).toString(16)}`, noRoute, available);
    });
    node.start();
    await node.run(180);
    expect(unavailable(six)).to.deep.equal(six);
    expect(unavailable(four)).to.deep.equal([]);
    expect(node.of('family.missing').map(({ family, peers }) => [family, peers])).to.deep.equal([['IPv6', 100]]);
    expect(node.of('peer.discarded')).to.deep.equal([]);
    for (const { tookMs } of node.of('round.finished')) expect(tookMs).to.be.at.most(1_000);
    expect(isolations()).to.deep.equal([]);
  });

  it('two silent peers of the LAN are an isolation until one is removed, and are one again once another comes', async () => {
    const seen = new Observations(0);
    node = await VirtualNode.create({ config: { network: { allow: ['private'] } }, sinks: [seen] });
    node.add('a', '10.0.0.1', silent, available);
    node.add('b', '10.0.0.2', silent, available);
    node.start();
    await node.run(15);
    expect(seen.isIsolated()).to.equal(true);
    node.remove('b');
    await node.run(70);
    expect(seen.isIsolated()).to.equal(false);
    node.add('c', '10.0.0.3', silent);
    await node.run(70);
    expect(seen.isIsolated()).to.equal(true);
    node.remove('a');
    node.remove('c');
    await node.run(70);
    expect(seen.isIsolated()).to.equal(false);
    expect(seen.outages.map(({ to }) => to === null)).to.deep.equal([false, false]);
  });

  it('a failed poll of the public IP and one dead peer whose failure counts are no isolation', async () => {
    node = await VirtualNode.create({
      poll: () => ({ ok: false, reason: 'timeout' }),
      config: { publicIp: { sources: ['dns'] } },
    });
    names('good', 3).forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i + 1)}`, answers, available);
    });
    node.add('dead', '2.2.2.2', silent, available);
    node.start();
    await node.run(180);
    expect(node.stateOf('dead')).to.equal('unavailable');
    expect(isolations()).to.deep.equal([]);
  });

  it('the poll of the public IP is a witness for an only peer', async () => {
    let online = true;
    node = await VirtualNode.create({
      poll: () => (online ? { ok: true, ip: '93.184.216.34' } : 'silent'),
      config: { publicIp: { sources: ['dns'] } },
    });
    node.add('only', '1.1.1.1', (now) => (now < 30_000 ? ANSWERS : 'silent'), available);
    node.start();
    await node.run(25);
    online = false;
    await node.run(200);
    expect(node.stateOf('only'), 'it may be us').to.equal('suspect');
    online = true;
    await node.run(120);
    expect(node.stateOf('only')).to.equal('unavailable');
  });

  it('many silent newcomers leave the rounds of the living as they were', async () => {
    node = await VirtualNode.create({ config: { sync: { timeoutMs: 1_000 } } });
    const living = names('living', 200);
    living.forEach((uuid, i) => {
      node.add(uuid, `1.1.${String(i >> 8)}.${String(i & 255)}`, answers, available);
    });
    node.start();
    await node.run(70);
    const before = node
      .of('round.finished')
      .filter(({ lane }) => lane === 'regular')
      .map(({ tookMs }) => tookMs);
    names('new', 400).forEach((uuid, i) => {
      node.add(uuid, `2.2.${String(i >> 8)}.${String(i & 255)}`, silent);
    });
    await node.run(130);
    const rounds = node.of('round.finished').filter(({ lane }) => lane === 'regular');
    for (const { tookMs, ok } of rounds) {
      expect(tookMs).to.be.at.most(Math.max(...before) * 1.1);
      expect(ok).to.equal(200);
    }
    expect(node.of('round.skipped').filter(({ lane }) => lane === 'regular')).to.deep.equal([]);
    expect(unavailable(names('new', 400)).length, 'and they are judged').to.equal(400);
  });

  it('at a first start the idle workers of the regular lane help: every living one is soon known', async () => {
    const config = { sync: { concurrency: 8, pending: { concurrency: 8 }, timeoutMs: 1_000 } };
    node = await VirtualNode.create({ config });
    const peers = names('p', 320);
    peers.forEach((uuid, i) => {
      node.add(uuid, `1.1.${String(i >> 8)}.${String(i & 255)}`, i % 20 === 19 ? answers : silent);
    });
    node.start();
    // 320 first looks of a second each by 16 workers.
    await node.run(22);
    const living = peers.filter((_, i) => i % 20 === 19);
    expect(living.filter((uuid) => node.stateOf(uuid) !== 'available')).to.deep.equal([]);
  });

  it('at a first start, newcomers of the next page are called while those of the first are still silent', async () => {
    const config = { sync: { concurrency: 256, pending: { concurrency: 256 } } };
    node = await VirtualNode.create({ config, pageMs: 200 });
    names('silent', 256).forEach((uuid, i) => {
      node.add(uuid, `1.1.1.${String(i)}`, silent);
    });
    node.add('living', '2.2.2.2', answers);
    node.start();
    await node.run(1);
    expect(node.stateOf('living')).to.equal('available');
  });

  it('a suspect interval as long as the interval still checks each peer once an interval', async () => {
    node = await VirtualNode.create({ config: { sync: { suspectIntervalMs: 60_000, jitter: 0 } } });
    node.add('shaky', '1.1.1.1', (now) => (now < 5_000 || now > 60_000 ? ANSWERS : 'silent'), available);
    for (const [i, uuid] of names('good', 3).entries()) node.add(uuid, `2.2.2.${String(i + 1)}`, answers, available);
    node.add('flaky', '1.1.1.2', (now) => (Math.floor(now / 45_000) % 2 === 0 ? ANSWERS : 'silent'), available);
    node.start();
    await node.run(600);
    for (const uuid of ['shaky', 'flaky']) {
      const times = node.calls.filter((call) => call.uuid === uuid).map(({ at }) => at);
      const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      expect(Math.max(...gaps), uuid).to.be.at.most(66_000);
    }
  });
});
