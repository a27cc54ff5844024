import { expect } from 'chai';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('InterruptibleSleep', () => {
  let timers: ReturnType<typeof freeze>;
  const never = new AbortController().signal;
  let awake: boolean;
  const sleep = (sleeper: InterruptibleSleep, ms: number, signal = never) => {
    awake = false;
    void sleeper.sleep(ms, signal).then(() => (awake = true));
  };

  beforeEach(() => {
    timers = freeze();
  });
  afterEach(() => {
    timers.release();
  });

  it('sleeps for the time given', async () => {
    sleep(new InterruptibleSleep(), 1_000);
    await advance(999, 999);
    expect(awake).to.equal(false);
    await advance(1, 1);
    expect(awake).to.equal(true);
  });

  it('ends the sleep on wake, and the next sleep is as long as any', async () => {
    const sleeper = new InterruptibleSleep();
    sleep(sleeper, 1_000);
    sleeper.wake();
    await settled();
    expect(awake).to.equal(true);
    sleep(sleeper, 1_000);
    await settled();
    expect(awake).to.equal(false);
    await advance(1_000, 1_000);
    expect(awake).to.equal(true);
  });

  it('wakes the sleeper when the signal aborts, and does not sleep at all after that', async () => {
    const controller = new AbortController();
    const sleeper = new InterruptibleSleep();
    sleep(sleeper, 1_000, controller.signal);
    controller.abort();
    await settled();
    expect(awake).to.equal(true);
    sleep(sleeper, 1_000, controller.signal);
    await settled();
    expect(awake).to.equal(true);
  });

  it('wakes without a sleeper without harm, and wakes a new sleeper though an old signal aborts', async () => {
    const controller = new AbortController();
    const sleeper = new InterruptibleSleep();
    sleeper.wake();
    sleep(sleeper, 10, controller.signal);
    await advance(10, 10);
    sleep(sleeper, 1_000);
    controller.abort();
    await settled();
    expect(awake, 'the new sleeper').to.equal(false);
    sleeper.wake();
    await settled();
    expect(awake).to.equal(true);
  });

  it('a ring while nobody sleeps ends the next sleep, and only that: its news may have come too late to be seen', async () => {
    const sleeper = new InterruptibleSleep();
    sleeper.wake();
    sleeper.wake();
    sleep(sleeper, 1_000);
    await settled();
    expect(awake).to.equal(true);
    sleep(sleeper, 1_000);
    await settled();
    expect(awake).to.equal(false);
  });
});
