import { expect } from 'chai';
import { BehaviorSubject } from 'rxjs';
import type { HookRequest } from '#src/clients/webhook.js';
import type { Reply } from '#src/domain/call/http.js';
import type { SchedulerEvent } from '#src/events.js';
import { Notifier } from '#src/notify/notifier.js';
import { configOf, GOOD, never } from '../support/deps.js';
import { follow, type Followed } from '../support/follow.js';
import {
  fell,
  heartbeat,
  isolated,
  Lanes,
  lost,
  MIN,
  redisDown,
  redisUp,
  rose,
  round,
  standsBy,
  took,
} from '../support/notify.js';
import { advance, freeze, settled } from '../support/timers.js';

const A = 'http://a.example/secret';
const B = 'http://b.example/secret';
const HEALTH = 'http://health.example/secret';

describe('the notifier', () => {
  let timers: ReturnType<typeof freeze>;
  let lanes: Lanes;
  let requests: HookRequest[];
  let answer: (request: HookRequest) => Promise<Reply>;
  let config$: BehaviorSubject<ReturnType<typeof configOf>>;
  let notifier: Notifier;
  let followed: Followed<SchedulerEvent>;

  const webhook = (over: object = {}) => ({
    ...{ webhook: A, events: ['redis-down', 'isolated', 'peer-down', 'took-over'] },
    ...over,
  });
  const start = (...notify: readonly object[]): void => {
    config$ = new BehaviorSubject(configOf({ notify }));
    followed = follow(notifier.run(config$));
  };
  const reload = async (...notify: readonly object[]): Promise<void> => {
    config$.next(configOf({ notify }));
    await settled();
  };
  const accept = async (...events: readonly SchedulerEvent[]): Promise<void> => {
    for (const event of events) {
      lanes.note(event);
      notifier.accept(event);
    }
    await settled();
  };
  /** What was told whom, as `host event phase`. */
  const told = (): string[] =>
    requests.map(({ url, body }) => {
      if (body === undefined) return new URL(url).hostname;
      const { event, phase } = JSON.parse(body) as { readonly event: string; readonly phase: string };
      return `${new URL(url).hostname} ${event} ${phase}`;
    });

  beforeEach(() => {
    timers = freeze();
    lanes = new Lanes();
    requests = [];
    answer = () => Promise.resolve(GOOD);
    notifier = new Notifier({
      send: (request) => {
        requests.push(request);
        return answer(request);
      },
      wall: () => Date.now(),
      steady: () => Date.now(),
      random: () => 0.5,
      origin: { node: 'us', host: 'here' },
      laneOf: lanes.laneOf,
    });
  });
  afterEach(() => {
    followed.leave();
    timers.release();
  });

  it('tells each webhook what it has chosen, with its headers', async () => {
    start(webhook({ headers: { authorization: 'x' } }), webhook({ webhook: B, events: ['isolated'] }));
    await accept(redisDown(1), redisUp(2), isolated(3));
    expect(told()).to.have.members([
      'a.example redis-down began',
      'a.example redis-down ended',
      'a.example isolated began',
      'b.example isolated began',
    ]);
    expect(requests[0]?.headers).to.deep.equal({ authorization: 'x' });
  });

  it('keeps the order, and lets no webhook wait for another', async () => {
    answer = ({ url }) => (url === A ? never() : Promise.resolve(GOOD));
    start(webhook(), webhook({ webhook: B }));
    await accept(redisDown(1), redisUp(2));
    expect(told()).to.deep.equal([
      'a.example redis-down began',
      'b.example redis-down began',
      'b.example redis-down ended',
    ]);
  });

  it('says what could not be delivered, and that it works again, without a word of the URL', async () => {
    const answers: Reply[] = [{ ok: false, reason: 'http-503' }, GOOD];
    answer = () => Promise.resolve(answers.shift() ?? GOOD);
    start(webhook({ template: 'slack' }));
    await accept(redisDown(1));
    await advance(5_000, 500);
    expect(followed.seen.map((event) => `${event.kind} ${'target' in event ? event.target : ''}`)).to.deep.equal([
      'notification.failed notify.0 (slack)',
      'notification.sent notify.0 (slack)',
    ]);
    expect(JSON.stringify(followed.seen)).to.not.include('secret');
  });

  it('tells of peers once they have been down for long enough', async () => {
    start(webhook({ peerDownAfter: '1m' }), webhook({ webhook: B, peerDownAfter: '10m' }));
    await accept(fell('p', 0), heartbeat(2 * MIN));
    expect(told()).to.deep.equal(['a.example peer-down began']);
    await accept(rose('p', 3 * MIN), heartbeat(3 * MIN), heartbeat(4 * MIN));
    expect(told()).to.deep.equal(['a.example peer-down began', 'a.example peer-down ended']);
  });

  it('a thousand messages for a webhook that takes none are bounded, and their loss is told', async () => {
    answer = () => never();
    start(webhook());
    for (let i = 0; i < 500; i += 1) await accept(redisDown(i), redisUp(i));
    answer = () => Promise.resolve(GOOD);
    await advance(20_000, 1_000);
    expect(requests).to.have.length.within(100, 102);
    expect(followed.seen).to.deep.include({
      ...followed.seen.find(({ kind }) => kind === 'notification.lost'),
      count: 900,
    });
  });

  describe('who stands by', () => {
    it('says nothing, until it takes over', async () => {
      start(webhook());
      await accept(standsBy(0), redisDown(1), redisUp(2), round(3));
      expect(told()).to.deep.equal([]);
      await accept(took(4, 12_000));
      expect(told()).to.deep.equal(['a.example took-over happened']);
    });

    it('no first start is a take-over', async () => {
      start(webhook());
      await accept(took(1));
      expect(told()).to.deep.equal([]);
    });

    it('leaves what the work found to whoever took over', async () => {
      start(webhook({ peerDownAfter: '1s' }));
      await accept(took(0), isolated(1), fell('p', 1), heartbeat(5_000));
      expect(told()).to.have.length(2);
      await accept(lost(6_000), heartbeat(10_000), heartbeat(5 * MIN));
      expect(told()).to.have.length(2);
    });
  });

  describe('a reload', () => {
    it('takes effect at once, and a new webhook hears what stands', async () => {
      start(webhook());
      await accept(redisDown(1));
      await reload(webhook({ webhook: B }));
      await accept(heartbeat(2), redisUp(3));
      expect(told()).to.deep.equal([
        'a.example redis-down began',
        'b.example redis-down began',
        'b.example redis-down ended',
      ]);
    });

    it('tells nothing twice to who stays', async () => {
      start(webhook());
      await accept(redisDown(1));
      await reload({ ping: HEALTH }, webhook({ headers: { authorization: 'y' } }));
      await accept(heartbeat(2), redisUp(3));
      expect(told()).to.deep.equal(['a.example redis-down began', 'a.example redis-down ended']);
      expect(requests[1]?.headers).to.deep.equal({ authorization: 'y' });
    });

    it('brings what waits to the webhook under its new settings', async () => {
      answer = ({ headers }) => Promise.resolve(headers.key === 'right' ? GOOD : { ok: false, reason: 'http-500' });
      start(webhook({ headers: { key: 'wrong' } }));
      await accept(redisDown(1));
      await reload(webhook({ headers: { key: 'right' } }));
      expect(followed.seen.at(-1)).to.include({ kind: 'notification.sent', target: 'notify.0 (json)' });
    });

    it('ends what is under way to who is no longer to be told', async () => {
      answer = () => never();
      start(webhook());
      await accept(redisDown(1));
      await reload();
      await advance(MIN, 1_000);
      expect([requests.length, followed.seen]).to.deep.equal([1, []]);
    });

    it('of other keys changes nothing', async () => {
      answer = () => never();
      start(webhook());
      await accept(redisDown(1));
      config$.next(configOf({ notify: [webhook()], log: { level: 'debug' } }));
      await settled();
      expect(requests).to.have.length(1);
    });
  });

  describe('a ping', () => {
    it('is asked after good rounds, and its failure is told but not repeated', async () => {
      const answers: Reply[] = [{ ok: false, reason: 'refused' }, GOOD];
      answer = () => Promise.resolve(answers.shift() ?? GOOD);
      start({ ping: HEALTH });
      await accept(took(0), round(1));
      await advance(59_000, 1_000);
      expect(told()).to.deep.equal(['health.example']);
      await advance(2_000, 1_000);
      await accept(round(2));
      expect(told()).to.deep.equal(['health.example', 'health.example']);
      expect(followed.seen.map(({ kind }) => kind)).to.deep.equal(['notification.failed', 'notification.sent']);
    });
  });
});
