import { expect } from 'chai';
import { of } from 'rxjs';
import type { HookRequest } from '#src/clients/webhook.js';
import { NOTIFY_EVENTS } from '#src/domain/notify/message.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { Notifier } from '#src/notify/notifier.js';
import { configOf, GOOD } from '../support/deps.js';
import { follow, type Followed } from '../support/follow.js';
import { freeze } from '../support/timers.js';
import { ANSWERS, VirtualNode, type Behaviour } from '../support/virtualNode.js';

const HOOK = { webhook: 'http://h.example/', events: NOTIFY_EVENTS, peerDownAfter: '2m' };

describe('what an operator is told of a whole node, in virtual time', () => {
  const available = { health: { ...UNCHECKED, state: 'available' as const }, checkedAt: 1 };
  let timers: ReturnType<typeof freeze>;
  let node: VirtualNode;
  let followed: Followed<unknown>;
  let told: string[];

  /** A node with so many peers, each with a behaviour of its own. */
  const start = async (count: number, behaviour: (i: number, now: number) => Behaviour): Promise<void> => {
    const send = ({ body = '' }: HookRequest) => {
      const { event, phase, title } = JSON.parse(body) as Readonly<Record<string, string>>;
      told.push(`${event ?? ''} ${phase ?? ''}: ${(title ?? '').replace(/^.*?: /, '')}`);
      return Promise.resolve(GOOD);
    };
    const notifier = new Notifier({
      send,
      wall: () => Date.now(),
      steady: () => Date.now(),
      random: () => 0.5,
      origin: { node: 'us', host: 'here' },
      laneOf: (uuid) => node.book.laneOf(uuid),
    });
    followed = follow(notifier.run(of(configOf({ notify: [HOOK] }))));
    node = await VirtualNode.create({ sinks: [notifier] });
    for (let i = 0; i < count; i += 1) {
      node.add(`p${String(i)}`, `1.1.1.${String(i + 1)}`, (now) => behaviour(i, now), available);
    }
    node.start();
  };

  beforeEach(() => {
    timers = freeze();
    told = [];
  });
  afterEach(async () => {
    followed.leave();
    await node.stop();
    timers.release();
  });

  it('that half of twenty peers are down, once, and that they are back, once', async () => {
    await start(20, (i, now) => (i < 10 && now > 90_000 && now < 600_000 ? 'silent' : ANSWERS));
    await node.run(590);
    expect(told.slice(1)).to.deep.equal(['peer-down began: 10 peers are down']);
    await node.run(300);
    expect(told.slice(2)).to.deep.equal(['peer-down ended: 10 peers answer again']);
  });

  it('that our own line is down, and nothing of any peer', async () => {
    await start(20, (_, now) => (now > 90_000 && now < 390_000 ? 'silent' : ANSWERS));
    await node.run(900);
    expect(told).to.deep.equal([
      'ip-changed happened: our public IP is 93.184.216.34',
      'isolated began: we seem to be offline over public IPv4',
      'isolated ended: we no longer seem to be offline over public IPv4',
    ]);
  });
});
