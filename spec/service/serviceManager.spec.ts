import { expect } from 'chai';
import { watchdogMs } from '#src/clients/systemdNotify.js';
import type { SchedulerEvent } from '#src/events.js';
import { ServiceManager, type ServiceOptions } from '#src/service/serviceManager.js';
import { follow, type Followed } from '../support/follow.js';
import { heartbeat, isolated, online, redisDown, redisUp, round, standsBy, took } from '../support/notify.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('the service manager', () => {
  let timers: ReturnType<typeof freeze>;
  let told: string[];
  let answer: () => Promise<void>;
  let manager: ServiceManager;
  let followed: Followed<SchedulerEvent>;

  const start = (over: Partial<ServiceOptions> = {}): void => {
    const notify = (assignments: readonly string[]): Promise<void> => {
      told.push(assignments.join(' | '));
      return answer();
    };
    const now = (): number => Date.now();
    manager = new ServiceManager({
      ...{ notify, watchdogMs: undefined, wall: now, steady: now, monotonicUs: () => 7n },
      ...over,
    });
    followed = follow(manager.run());
  };
  const accept = async (...events: readonly SchedulerEvent[]): Promise<void> => {
    for (const event of events) {
      manager.accept(event);
      await settled();
    }
  };
  const failure = (code: string | number) => () => Promise.reject(Object.assign(new Error('planted'), { code }));

  beforeEach(() => {
    timers = freeze();
    told = [];
    answer = () => Promise.resolve();
  });
  afterEach(() => {
    followed.leave();
    timers.release();
  });

  it('hears that we are ready with the first heartbeat, and only once', async () => {
    start();
    await accept(redisDown(0), heartbeat(1), heartbeat(2));
    expect(told).to.deep.equal(["READY=1 | STATUS=Redis can't be used: refused"]);
  });

  it('hears how things are when that changes, but of a round only with something else', async () => {
    start();
    await accept(heartbeat(0), redisUp(1), round(2), round(3, { round: 2 }), isolated(4), round(5), online(6));
    expect(told).to.deep.equal([
      'READY=1 | STATUS=waiting for Redis',
      'STATUS=round 1: 1 of 1 answered in 1 ms',
      'STATUS=no witness answers over public IPv4',
      'STATUS=round 1: 1 of 1 answered in 1 ms',
    ]);
  });

  it('hears of a standby that it stands by, and of its taking over', async () => {
    start();
    await accept(heartbeat(0), standsBy(1), took(2));
    expect(told.slice(1)).to.deep.equal([
      'STATUS=standing by for the scheduler on another host',
      'STATUS=waiting for Redis',
    ]);
  });

  it('hears that we reload, and that we are ready again, be it in vain', async () => {
    start();
    await accept(heartbeat(0));
    expect(await manager.reloading(() => Promise.resolve('config'))).to.equal('config');
    const rejected = await manager.reloading(() => Promise.reject(new Error('bad'))).catch((error: unknown) => error);
    expect(rejected).to.be.an('error');
    await settled();
    const [reloading, ready] = ['RELOADING=1 | MONOTONIC_USEC=7', 'READY=1 | STATUS=waiting for Redis'];
    expect(told.slice(1)).to.deep.equal([reloading, ready, reloading, ready]);
  });

  it('hears that we stop, even where the tool is under way with something else', async () => {
    answer = () => new Promise(() => undefined);
    start();
    await accept(heartbeat(0), { kind: 'process.stopping', at: 1, signal: 'SIGTERM' });
    expect(told.at(-1)).to.equal('STOPPING=1 | STATUS=SIGTERM: finishing what is in flight');
  });

  it('gets of several lines that wait the newest', async () => {
    let release = (): void => undefined;
    answer = () => new Promise((resolve) => (release = resolve));
    start();
    await accept(heartbeat(0), redisDown(1, 'a'), redisDown(2, 'b'), redisDown(3, 'c'));
    release();
    await settled();
    expect(told.slice(1)).to.deep.equal(["STATUS=Redis can't be used: c"]);
  });

  it('gets no second assignment by way of a text', async () => {
    start();
    await accept(heartbeat(0), redisDown(1, 'a\nREADY=0'));
    expect(told.at(-1)).to.equal("STATUS=Redis can't be used: a\\u000aREADY=0");
  });

  describe('its watchdog', () => {
    it('is answered three times as often as it asks, once we are ready', async () => {
      start({ watchdogMs: 60_000 });
      await advance(20_000, 1_000);
      expect(told).to.deep.equal([]);
      await accept(heartbeat(0));
      for (let i = 0; i < 12; i += 1) {
        await advance(5_000, 1_000);
        await accept(heartbeat(i));
      }
      expect(told.filter((one) => one.startsWith('WATCHDOG=1 | STATUS='))).to.have.length(3);
    });

    it('is not answered where nothing ticks any more', async () => {
      start({ watchdogMs: 60_000 });
      await accept(heartbeat(0));
      await advance(120_000, 1_000);
      expect(told).to.have.length(1);
    });

    it('is that of this process, and a time', () => {
      expect(watchdogMs({ WATCHDOG_USEC: '60000000' }, 5)).to.equal(60_000);
      expect(watchdogMs({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '5' }, 5)).to.equal(60_000);
      expect(watchdogMs({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '6' }, 5)).to.equal(undefined);
      for (const usec of ['0', '-1', 'x', '', '1e300'])
        expect(watchdogMs({ WATCHDOG_USEC: usec }, 5)).to.equal(undefined);
      expect(watchdogMs({}, 5)).to.equal(undefined);
    });
  });

  describe('its tool', () => {
    const kinds = () =>
      followed.seen.map((event) => ('reason' in event ? `${event.kind} ${event.reason}` : event.kind));

    it('is not run again where it is missing, which is told', async () => {
      answer = failure('ENOENT');
      start();
      await accept(heartbeat(0), redisDown(1), redisUp(2));
      await advance(10_000, 1_000);
      expect([told.length, kinds()]).to.deep.equal([1, ['service.unnotified missing']]);
    });

    it('is run again where it has failed, and then that is told', async () => {
      answer = failure(1);
      start();
      await accept(heartbeat(0));
      await advance(3_000, 500);
      expect([told.length, kinds()]).to.deep.equal([3, ['service.unnotified failed']]);
      answer = () => Promise.resolve();
      await accept(redisDown(1));
      expect(kinds()).to.deep.equal(['service.unnotified failed', 'service.notified']);
    });
  });
});
