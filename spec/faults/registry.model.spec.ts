import { expect } from 'chai';
import fc from 'fast-check';
import { openRedis } from '#src/clients/redis.js';
import { RedisServer } from '#swarm/redis.js';
import { eventually } from '../support/eventually.js';
import { replay } from '../support/fuzz/inputs.js';
import { RealRegistry, RegistryModel } from '../support/models/registry.js';
import { registryStep$, registrySteps } from '../support/models/registryCommands.js';
import { report, scale } from '../support/scale.js';

const RUNS = 25 * scale;

describe('the registry, beside a model of what may be written to it', () => {
  let server: RedisServer;

  before(async () => {
    server = await RedisServer.start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  });
  after(() => server.stop());

  it('holds the newest verdict on each address that is still registered, and nothing else', async () => {
    const api = server.client();
    const client = openRedis({ socketPath: server.socketPath });
    const reset = async (): Promise<void> => {
      await api.config('SET', 'maxmemory', '0');
      await api.flushall();
      await eventually(() => client.ping().then(() => undefined));
    };
    try {
      await fc.assert(
        fc.asyncProperty(fc.commands([...registryStep$], { maxCommands: 200, size: 'max' }), async (commands) => {
          await reset();
          const model = new RegistryModel();
          const real = new RealRegistry(server, api, client, model);
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands);
          } finally {
            real.close();
            if (model.redis === 'down') await server.launch();
          }
        }),
        { numRuns: RUNS, ...replay },
      );
    } finally {
      client.disconnect();
    }
    expect(registrySteps.taken).to.be.greaterThan(RUNS);
    report(`${registrySteps.taken} steps in ${RUNS} runs`);
  }).timeout(60_000 + RUNS * 4_000);
});
