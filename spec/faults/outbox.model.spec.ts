import { expect } from 'chai';
import fc from 'fast-check';
import { RedisServer } from '#swarm/redis.js';
import { replay } from '../support/fuzz/inputs.js';
import { OutboxModel, RealOutbox } from '../support/models/outbox.js';
import { outboxStep$, outboxSteps } from '../support/models/outboxCommands.js';
import { report, scale } from '../support/scale.js';

const RUNS = 40 * scale;

describe('the outbox of announcements, beside a model of what is promised', () => {
  let server: RedisServer;

  before(async () => {
    server = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  });
  after(() => server.stop());

  it('keeps who still has to hear of the current IP, whatever comes in whatever order', async () => {
    const redis = server.client();
    await fc.assert(
      fc.asyncProperty(fc.commands([...outboxStep$], { maxCommands: 100, size: 'max' }), async (commands) => {
        await redis.flushall();
        const model = new OutboxModel();
        await fc.asyncModelRun(() => ({ model, real: new RealOutbox(server, redis, model) }), commands);
      }),
      { numRuns: RUNS, ...replay },
    );
    expect(outboxSteps.taken).to.be.greaterThan(RUNS);
    report(`${outboxSteps.taken} steps in ${RUNS} runs`);
  }).timeout(60_000 + RUNS * 2_000);
});
