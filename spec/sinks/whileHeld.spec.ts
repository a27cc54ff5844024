import { expect } from 'chai';
import type { SchedulerEvent } from '#src/events.js';
import { whileHeld, withoutLeaderEvents } from '#src/sinks/whileHeld.js';
import { MemorySink } from '../support/deps.js';

const beat: SchedulerEvent = { kind: 'heartbeat', at: 1 };
const failed: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'a step', reason: 'OOM' };

describe('a sink of the registry’s holder', () => {
  let inner: MemorySink;
  beforeEach(() => {
    inner = new MemorySink(() => [failed]);
  });
  const held = (leadership: { leads: boolean; standsBy: boolean }) => whileHeld(inner, leadership);

  it('takes, waits and flushes while it leads', async () => {
    const sink = held({ leads: true, standsBy: false });
    sink.accept(beat);
    expect(inner.accepted).to.deep.equal([beat]);
    expect(sink.hasUnwritten).to.equal(true);
    expect(await sink.flush()).to.deep.equal([failed]);
    inner.hasUnwritten = false;
    expect(sink.hasUnwritten, 'with nothing to write').to.equal(false);
  });

  it('takes what happens before anybody could be asked, and writes it later', async () => {
    const leadership = { leads: false, standsBy: false };
    const sink = held(leadership);
    sink.accept(beat);
    expect(inner.accepted).to.deep.equal([beat]);
    expect(sink.hasUnwritten).to.equal(false);
    expect(await sink.flush()).to.deep.equal([]);
    expect(inner.flushes).to.equal(0);
    leadership.leads = true;
    expect(sink.hasUnwritten).to.equal(true);
  });

  it('drops what happens on a standby, and writes nothing', async () => {
    const sink = held({ leads: false, standsBy: true });
    sink.accept(beat);
    expect(inner.accepted).to.deep.equal([]);
    expect(sink.hasUnwritten).to.equal(false);
    expect(await sink.flush()).to.deep.equal([]);
    expect(inner.flushes).to.equal(0);
  });
});

describe('a sink of each replica', () => {
  it('leaves who comes and who goes to the leader', () => {
    const inner = new MemorySink();
    const leadership = { leads: false };
    const sink = withoutLeaderEvents(inner, leadership);
    const left: SchedulerEvent = { kind: 'replica.left', at: 1, instance: 'i', name: 'nas-2' };
    sink.accept(left);
    expect(inner.accepted).to.deep.equal([]);
    leadership.leads = true;
    sink.accept(left);
    expect(inner.accepted).to.deep.equal([left]);
  });

  it('waits and flushes whether it leads or not', async () => {
    const inner = new MemorySink(() => [failed]);
    const sink = withoutLeaderEvents(inner, { leads: false });
    expect(await sink.flush()).to.deep.equal([failed]);
    expect(sink.hasUnwritten).to.equal(true);
    inner.hasUnwritten = false;
    expect(sink.hasUnwritten).to.equal(false);
  });
});
