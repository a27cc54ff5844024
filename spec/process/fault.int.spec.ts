import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedSocket } from '#src/clients/embeddedFolder.js';
import { isListening } from '#src/clients/folderLock.js';
import { RedisServer } from '#swarm/redis.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

/** Where a fault of our own could lie, as code that makes one there; some of them wait for SIGUSR2. */
const FAULTS: readonly (readonly [string, string])[] = [
  ['a sink throws', `(await load('sinks/journal')).Journal.prototype.accept = () => { throw new Error('planted'); };`],
  [
    'a sink rejects where it must not',
    `(await load('sinks/schedulerState')).SchedulerState.prototype.flush = () => Promise.reject(new Error('planted'));`,
  ],
  [
    'a round throws before it has begun',
    `Object.defineProperty((await load('state/peerBook')).PeerBook.prototype, 'revision', {
      get() { throw new Error('planted'); }
    });`,
  ],
  ['a callback of a library throws', `process.on('SIGUSR2', () => { throw new Error('planted'); });`],
  [
    'a promise that nobody waits for rejects',
    `process.on('SIGUSR2', () => void Promise.reject(new Error('planted')));`,
  ],
];

describe('an error that the daemon can’t survive ends it with 1, all closed, and one clear line', () => {
  let server: RedisServer;
  let program: Program | undefined;

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await program?.clear();
    program = undefined;
    await server.stop();
  });

  const start = (fault: string, url: string): Program => {
    const code = `const load = (name) => import(new URL(name + '.js', ${JSON.stringify(import.meta.resolve('#src/main.js'))}));${fault}`;
    // The modules instead of the bundle, whose copies nothing else can reach.
    const env = { NODE_OPTIONS: `--conditions=modules --import="data:text/javascript,${encodeURIComponent(code)}"` };
    const log = { format: 'json' };
    const config = { uuid: US, redis: { url }, publicIp: { override: '127.0.0.1' }, sync: { interval: '100ms' }, log };
    return (program = Program.start(['run'], { config, env }));
  };
  /** The exit code, once the fault has been met. */
  const ended = async (running: Program, fault: string): Promise<number> => {
    if (fault.includes('SIGUSR2')) {
      await eventually(() => {
        expect(running.stderr).to.include('round.finished');
      });
      running.child.kill('SIGUSR2');
    }
    return running.ended();
  };
  const errors = (running: Program): string[] =>
    running.stderr
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { level: string; message: string })
      .flatMap(({ level, message }) => (level === 'error' ? [message] : []));

  for (const [what, code] of FAULTS) {
    it(what, async () => {
      const running = start(code, server.url);
      expect(await ended(running, code)).to.equal(1);
      expect(errors(running)).to.have.length(1);
      expect(errors(running)[0]).to.match(/^ended by a fault of its own: planted \(?at .*:\d+:\d+\)?$/);
    });

    it(`${what}: the embedded server ends too`, async () => {
      const running = start(code, 'embedded');
      expect(await ended(running, code)).to.equal(1);
      await eventually(async () => {
        expect(await isListening(embeddedSocket(join(running.folder, 'data')))).to.equal(false);
      });
      expect(existsSync(join(running.folder, 'data', 'appendonlydir'))).to.equal(true);
    });
  }

  it('an embedded server that can’t be started is told in a line of the log', async () => {
    program = Program.start(['run'], {
      config: { uuid: US, redis: { url: 'embedded' }, log: { format: 'json' } },
      env: { REDIS_SERVER: '/nonexistent' },
    });
    expect(await program.ended()).to.equal(1);
    expect(errors(program)).to.have.length(1);
    expect(errors(program)[0]).to.match(/\$REDIS_SERVER names \/nonexistent, which is no program/);
  });
});
