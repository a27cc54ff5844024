import { expect } from 'chai';
import type { SchedulerEvent } from '#src/events.js';
import { LastKnown } from '#src/status/lastKnown.js';

const MINUTE = 60_000;

describe('the last known picture of the registry', () => {
  let [now, reads] = [0, 0];
  let known: LastKnown;
  const accept = (...events: readonly SchedulerEvent[]): void => {
    for (const event of events) known.accept(event);
  };
  const beatFor = (minutes: number): void => {
    for (let i = 0; i < 6 * minutes; i += 1) {
      now += 10_000;
      accept({ kind: 'heartbeat', at: now });
    }
  };

  beforeEach(() => {
    [now, reads] = [0, 0];
    const read = () => {
      reads += 1;
      return Promise.resolve(undefined);
    };
    known = new LastKnown({ read }, () => now);
  });

  it('is made once Redis is there, and not before', () => {
    beatFor(60);
    expect(reads).to.equal(0);
    accept({ kind: 'redis.up', at: now });
    expect(reads).to.equal(1);
  });

  it('is made anew every five minutes, and not while Redis is away', () => {
    accept({ kind: 'redis.up', at: now });
    beatFor(20);
    expect(reads).to.equal(1 + 20 / 5);
    accept({ kind: 'redis.down', at: now, reason: 'refused' });
    now += 10 * MINUTE;
    beatFor(20);
    expect(reads).to.equal(5);
    accept({ kind: 'redis.up', at: now });
    expect(reads).to.equal(6);
  });
});
