import { expect } from 'chai';
import { readHistories } from '#src/sources/history.js';
import { Scheduler } from '#swarm/scheduler.js';
import { Besieged } from '../support/besieged.js';
import { keys } from '../support/registry.js';

describe('the history that the program keeps', () => {
  const node = new Besieged();
  const [first, second] = [0, 1].map((i) => () => node.neighbours.consumers[i]?.uuid ?? '') as [
    () => string,
    () => string,
  ];
  const results = async (): Promise<readonly { readonly answered: number; readonly failed: number }[]> => {
    const histories = await readHistories(node.redis, keys, [first(), second()]);
    return histories.map((history) => {
      const sum = (name: 'answered' | 'failed') => (history?.hours ?? []).reduce((all, hour) => all + hour[name], 0);
      return { answered: sum('answered'), failed: sum('failed') };
    });
  };
  const command = async (...words: string[]): Promise<void> => {
    const child = await Scheduler.start(node.neighbours.settings({ url: node.server.url }), {}, words);
    expect(await child.ended(), child.output).to.equal(0);
    await child.clear();
  };

  it('is written whole at an orderly end, and continued by the next process, and by sync', async () => {
    await node.serve();
    node.neighbours.consumers[1]?.endpoint.behave({ status: 500 });
    for (let life = 1; life <= 2; life += 1) {
      const running = await node.start();
      await node.called(6);
      await node.stop(running);
      const made = node.calls();
      const [good, bad] = await results();
      // The last call of each may have ended with the process.
      expect(good?.answered, `life ${String(life)}`).to.be.within((made[0] ?? 0) - life, made[0] ?? 0);
      expect(good?.failed).to.equal(0);
      expect(bad?.answered).to.equal(0);
      expect(bad?.failed).to.be.within(1, made[1] ?? 0);
    }
    const before = await results();
    await command('sync');
    const after = await results();
    expect(after[0]?.answered).to.equal((before[0]?.answered ?? NaN) + 1);
    expect(after[1]?.failed).to.be.greaterThan(before[1]?.failed ?? NaN);
    await command('peers', 'remove', 'consumer', first());
    expect(await node.redis.exists(keys.history(first()), keys.history(second()))).to.equal(1);
  }).timeout(60_000);

  it('is none where it is configured so', async () => {
    await node.serve();
    const settings = { ...node.neighbours.settings({ url: node.server.url }), history: { hours: 0, days: 0 } };
    const running = await Scheduler.start(settings);
    await node.called(3);
    await node.stop(running);
    expect(await node.redis.exists(keys.history(first()))).to.equal(0);
  });
});
