import { expect } from 'chai';
import { redisFailure } from '#src/clients/redis.js';
import { NO_FENCE, type Fence } from '#src/clients/script.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { SchedulerState } from '#src/sinks/schedulerState.js';
import { keys, privateRedis } from '../support/registry.js';

const WHAT = "writing the scheduler's state";
const finished: EventOf<'round.finished'> = {
  ...{ kind: 'round.finished', at: 2, lane: 'regular', round: 4, tookMs: 1 },
  ...{ ok: 8, failed: 2, aborted: false, local: 0, skipped: 0 },
};
const isolated = (peers: number): SchedulerEvent => ({ kind: 'isolation.began', at: 3, scope: 'public IPv4', peers });

describe('the state of the scheduler, on a real Redis', () => {
  const shared = privateRedis();
  const state = () => shared.redis.hgetall(keys.scheduler);
  const sinkWith = (fence: Fence = NO_FENCE, divided = false) =>
    new SchedulerState(shared.redis, keys, { uuid: 'us' }, () => 7, redisFailure, fence, divided);

  it('has the term, and since when it lasts', async () => {
    const sink = sinkWith();
    sink.accept({ kind: 'leader.took', at: 5, term: 12, afterMs: undefined });
    await sink.flush();
    expect(await state()).to.include({ term: '12', leader_since: '5' });
  });

  it('takes one peer that is silent for no isolation', async () => {
    const sink = sinkWith();
    sink.accept(isolated(1));
    await sink.flush();
    expect(await state()).to.include({ isolated: '0' });
    sink.accept(isolated(2));
    await sink.flush();
    expect(await state()).to.include({ isolated: '1' });
  });

  it('says of one replica’s rounds and line nothing that is meant of all', async () => {
    const sink = sinkWith(NO_FENCE, true);
    for (const event of [finished, isolated(2)]) sink.accept(event);
    await sink.flush();
    expect(await state()).to.deep.equal({ uuid: 'us', isolated: '0', round_finished_at: '2' });
    sink.accept({ kind: 'replicas.counted', at: 4, replicas: 2, ok: 20, failed: 3, isolated: true });
    await sink.flush();
    expect(await state()).to.include({ round_ok: '20', round_failed: '3', isolated: '1' });
  });

  it('tells that it could not be written, that it can again, and nothing while all is well', async () => {
    const sink = sinkWith();
    await shared.redis.set(keys.scheduler, 'a text');
    for (let i = 0; i < 2; i += 1) {
      const [failure] = await sink.flush();
      expect(failure).to.include({ kind: 'redis.failed', at: 7, what: WHAT });
      expect(sink.hasUnwritten).to.equal(true);
    }
    await shared.redis.del(keys.scheduler);
    expect(await sink.flush()).to.deep.equal([{ kind: 'redis.worked', at: 7, what: WHAT }]);
    expect(await state()).to.deep.equal({ uuid: 'us', isolated: '0' });
    sink.accept(finished);
    expect(await sink.flush()).to.deep.equal([]);
  });

  it('asks Redis for nothing where nothing is new', async () => {
    const sink = sinkWith();
    await sink.flush();
    await shared.redis.call('CONFIG', 'RESETSTAT');
    expect(await sink.flush()).to.deep.equal([]);
    expect(await shared.redis.info('commandstats')).to.not.include('cmdstat_eval');
  });

  it('writes nothing without its lease, and names what was refused', async () => {
    const refused: string[] = [];
    const sink = sinkWith({ token: () => 'us:3', refused: (what) => refused.push(what) });
    await shared.redis.set(keys.leader, 'x:4');
    expect((await sink.flush()).map(({ kind }) => kind)).to.deep.equal(['redis.failed']);
    expect(refused).to.deep.equal(['scheduler']);
    expect(await shared.redis.exists(keys.scheduler)).to.equal(0);
  });
});
