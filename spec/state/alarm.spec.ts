import { expect } from 'chai';
import { Alarm } from '#src/state/alarm.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('Alarm', () => {
  let timers: ReturnType<typeof freeze>;
  const never = new AbortController().signal;
  let awake: boolean;
  const sleep = (alarm: Alarm, ms: number, signal = never) => {
    awake = false;
    void alarm.sleep(ms, signal).then(() => (awake = true));
  };

  beforeEach(() => {
    timers = freeze();
  });
  afterEach(() => {
    timers.release();
  });

  it('sleeps for the time given', async () => {
    sleep(new Alarm(), 1_000);
    await advance(999, 999);
    expect(awake).to.equal(false);
    await advance(1, 1);
    expect(awake).to.equal(true);
  });

  it('wakes the sleeper when it rings, and the next sleep is as long as any', async () => {
    const alarm = new Alarm();
    sleep(alarm, 1_000);
    alarm.ring();
    await settled();
    expect(awake).to.equal(true);
    sleep(alarm, 1_000);
    await settled();
    expect(awake).to.equal(false);
    await advance(1_000, 1_000);
    expect(awake).to.equal(true);
  });

  it('wakes the sleeper when the signal aborts, and does not sleep at all after that', async () => {
    const controller = new AbortController();
    const alarm = new Alarm();
    sleep(alarm, 1_000, controller.signal);
    controller.abort();
    await settled();
    expect(awake).to.equal(true);
    sleep(alarm, 1_000, controller.signal);
    await settled();
    expect(awake).to.equal(true);
  });

  it('rings for nobody without harm, and rings for a new sleeper though an old signal aborts', async () => {
    const controller = new AbortController();
    const alarm = new Alarm();
    alarm.ring();
    sleep(alarm, 10, controller.signal);
    await advance(10, 10);
    sleep(alarm, 1_000);
    controller.abort();
    await settled();
    expect(awake, 'the new sleeper').to.equal(false);
    alarm.ring();
    await settled();
    expect(awake).to.equal(true);
  });

  it('a ring while nobody sleeps ends the next sleep, and only that: its news may have come too late to be seen', async () => {
    const alarm = new Alarm();
    alarm.ring();
    alarm.ring();
    sleep(alarm, 1_000);
    await settled();
    expect(awake).to.equal(true);
    sleep(alarm, 1_000);
    await settled();
    expect(awake).to.equal(false);
  });
});
