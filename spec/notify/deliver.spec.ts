import { expect } from 'chai';
import type { SendHook } from '#src/clients/webhook.js';
import type { Message } from '#src/domain/notify/message.js';
import type { Reply } from '#src/domain/call/http.js';
import type { SchedulerEvent } from '#src/events.js';
import { deliver } from '#src/notify/deliver.js';
import type { QueuedMessage } from '#src/notify/messageQueue.js';
import { GOOD, never } from '../support/deps.js';
import { follow, type Followed } from '../support/follow.js';
import { MIN } from '../support/notify.js';
import { advance, freeze } from '../support/timers.js';

const TARGET = 'notify.0 (json)';
const REQUEST = { url: 'http://h/', body: '{}', headers: {} };
const HOUR = 60 * MIN;

describe('deliver', () => {
  let timers: ReturnType<typeof freeze>;
  let startedAt: number;
  /** When it was tried, in seconds. */
  let tries: number[];
  let signals: AbortSignal[];
  let followed: Followed<SchedulerEvent>;

  beforeEach(() => {
    timers = freeze();
    startedAt = Date.now();
    tries = [];
    signals = [];
  });
  afterEach(() => {
    followed.leave();
    timers.release();
  });

  const queued = (): QueuedMessage => ({ message: {} as Message, queuedAt: Date.now(), attempts: 0 });
  /** Each try gets the next answer, those after the last one the last again. */
  const start = (...answers: readonly (Reply | 'silence')[]): QueuedMessage => {
    const send: SendHook = (_, signal) => {
      const answer = answers[Math.min(tries.length, answers.length - 1)] ?? 'silence';
      tries.push((Date.now() - startedAt) / 1_000);
      signals.push(signal);
      return answer === 'silence' ? never() : Promise.resolve(answer);
    };
    const one = queued();
    const options = { send, wall: () => 0, steady: () => Date.now(), random: () => 0.999_999_9 };
    followed = follow(deliver(one, REQUEST, TARGET, options));
    return one;
  };
  const failed = (reason: string) => ({ kind: 'notification.failed', at: 0, target: TARGET, reason });
  const sent = { kind: 'notification.sent', at: 0, target: TARGET };
  const lost = { kind: 'notification.lost', at: 0, target: TARGET, count: 1, why: 'undeliverable' };

  it('is done once the message is taken', async () => {
    start(GOOD);
    await advance(0);
    expect(followed).to.deep.include({ seen: [sent], end: 'complete' });
    expect(tries).to.deep.equal([0]);
  });

  it('tries again with growing pauses, two minutes at most', async () => {
    start({ ok: false, reason: 'refused' });
    await advance(10 * MIN, 1_000);
    expect(tries).to.deep.equal([0, 5, 15, 35, 75, 155, 275, 395, 515]);
    expect(followed.end).to.equal(undefined);
  });

  it('ends a call that stays silent at its deadline, and tries again', async () => {
    start('silence', GOOD);
    await advance(16_000, 500);
    expect(followed.seen).to.deep.equal([failed('timeout'), sent]);
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, false]);
    expect(tries[1]).to.be.within(14.5, 15.5);
  });

  it('waits for as long as the webhook asks', async () => {
    start({ ok: false, reason: 'http-429', retryAfterMs: 3 * MIN }, GOOD);
    await advance(4 * MIN, 1_000);
    expect(tries).to.deep.equal([0, 180]);
  });

  for (const reason of ['http-400', 'http-404', 'redirect', 'http-101'] as const) {
    it(`gives up what is refused for good: ${reason}`, async () => {
      start({ ok: false, reason });
      await advance(10 * MIN, 1_000);
      expect(followed).to.deep.include({
        seen: [failed(reason), failed(reason), failed(reason), lost],
        end: 'complete',
      });
    });
  }

  for (const reason of ['http-408', 'http-429', 'http-500', 'http-503', 'tls', 'unreachable', 'timeout'] as const) {
    it(`and not what may pass: ${reason}`, async () => {
      start({ ok: false, reason });
      await advance(10 * MIN, 1_000);
      expect(tries.length).to.be.greaterThan(5);
      expect(followed.end).to.equal(undefined);
    });
  }

  it('gives up after half a day', async () => {
    start({ ok: false, reason: 'unreachable' });
    await advance(11.9 * HOUR, 30_000);
    expect(followed.end).to.equal(undefined);
    await advance(0.2 * HOUR, 30_000);
    expect(followed.end).to.equal('complete');
    expect(followed.seen.at(-1)).to.deep.equal(lost);
  });

  it('aborts the call where nobody waits for it any more, and the message keeps its attempts', async () => {
    const one = start({ ok: false, reason: 'refused' }, 'silence');
    await advance(6_000, 500);
    followed.leave();
    expect(signals.at(-1)?.aborted).to.equal(true);
    expect(one.attempts).to.equal(1);
  });
});
