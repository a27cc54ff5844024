import { expect } from 'chai';
import type { StdioOptions } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { eventually } from '../support/eventually.js';
import { Program, type ProgramOptions } from '../support/program.js';
import { register } from '../support/registry.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const keys = keysUnder('p2p:');

describe('the log', () => {
  let server: RedisServer;
  let redis: Redis;
  let peer: Endpoint;
  let program: Program | undefined;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    peer = await startConsumer({ uuid: PEER, host: '127.0.0.1' });
    await register(redis, 'consumer', PEER, { ip: '127.0.0.1', port: peer.port });
  });
  afterEach(async () => {
    await program?.clear();
    await peer.goDark();
    await server.stop();
  });

  const settings = (log: object) => ({
    uuid: US,
    redis: { url: server.url },
    sync: { interval: '100ms', timeout: '90ms', suspectInterval: '50ms', unavailable: { interval: '100ms' } },
    publicIp: { override: '127.0.0.1' },
    network: { allow: ['loopback'] },
    log,
  });
  const start = (options: ProgramOptions = {}, log: object = { format: 'json' }): Program =>
    (program = Program.start(['run'], { config: settings(log), ...options }));
  const state = (): Promise<string | null> => redis.hget(keys.consumer(PEER), 'state');
  /** It still checks and stores, and ends as it should. */
  const goesOn = async (running: Program): Promise<void> => {
    await eventually(async () => {
      expect(await state()).to.equal('available');
    });
    peer.behave({ status: 503 });
    await eventually(async () => {
      expect(await state()).to.equal('unavailable');
    });
    const calls = peer.calls.length;
    await peer.until((endpoint) => endpoint.calls.length > calls);
    expect(await running.stop()).to.equal(0);
  };
  const lines = (text: string): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  describe('that can’t be written never ends the daemon', () => {
    it('its reader goes away', async () => {
      const running = start();
      await eventually(() => {
        expect(running.stderr).to.include('round.finished');
      });
      running.child.stderr?.destroy();
      await goesOn(running);
    });

    it('its reader is asleep', async () => {
      const running = start({}, { level: 'debug', format: 'json' });
      running.child.stderr?.removeAllListeners('data').pause();
      await goesOn(running);
    });

    it('it has no room from the start', async function () {
      if (!existsSync('/dev/full')) skipBecause(this, 'there is no /dev/full');
      const full = openSync('/dev/full', 'w');
      const running = start({ stdio: ['ignore', full, full] });
      closeSync(full);
      await goesOn(running);
    });

    it('both its streams are closed', async () => {
      await goesOn(start({ before: ['sh', '-c', 'exec "$@" >&- 2>&-', 'sh'] }));
    });

    it('the disk is full, and has room again: then it tells how many lines are lost', async () => {
      // A block has 512 bytes; what is longer is refused as on a full disk.
      const running = start(
        { before: ['sh', '-c', 'ulimit -f 4; exec "$@" 2>>log', 'sh'] },
        { level: 'debug', format: 'json' },
      );
      const file = join(running.folder, 'log');
      await eventually(async () => {
        expect(await state()).to.equal('available');
        expect(readFileSync(file).length).to.be.greaterThan(1_500);
      });
      const calls = peer.calls.length;
      await peer.until((endpoint) => endpoint.calls.length >= calls + 5);
      truncateSync(file);
      await eventually(() => {
        expect(readFileSync(file, 'utf8')).to.match(
          /"message":"\d+ lines of the log could not be written and are lost"/,
        );
      });
      await goesOn(running);
    });
  });

  it('has a timestamp, a level, a message and an event in every line', async () => {
    const running = start({ env: { CONSUMER_SCHEDULER__STATUS__ENABLED: 'true' } }, { level: 'debug', format: 'json' });
    await eventually(async () => {
      expect(await state()).to.equal('available');
    });
    running.child.kill('SIGHUP');
    expect(await running.stop()).to.equal(0);
    for (const line of lines(running.stderr)) {
      expect(line, JSON.stringify(line)).to.include.keys('timestamp', 'level', 'message', 'event');
      expect(new Date(String(line.timestamp)).getTime()).to.be.closeTo(Date.now(), 60_000);
    }
    expect(lines(running.stderr).at(-1)).to.include({ event: 'process.stopped', message: 'stopped' });
  });

  it('has the levels of syslog where standard error is the one that systemd names', async () => {
    const place = join(tmpdir(), `journal-${process.pid}`);
    const journal = openSync(place, 'w');
    const { dev, ino } = fstatSync(journal);
    try {
      const stdio: StdioOptions = ['ignore', journal, journal];
      const running = start({ stdio, env: { JOURNAL_STREAM: `${dev}:${ino}` } }, {});
      await eventually(() => {
        expect(readFileSync(place, 'utf8')).to.match(/^<6>round 1: /m);
      });
      expect(await running.stop()).to.equal(0);
      for (const line of readFileSync(place, 'utf8').trimEnd().split('\n')) expect(line).to.match(/^<[3467]>\S/);
    } finally {
      closeSync(journal);
      rmSync(place);
    }
  });

  it('takes another format and another level while it runs', async () => {
    const running = start();
    const reconfigure = (log: object): void => {
      writeFileSync(join(running.folder, 'config.json'), JSON.stringify(settings(log)));
      running.stderr = '';
    };
    await eventually(() => {
      expect(running.stderr).to.include('"event":"round.finished"');
    });
    reconfigure({ format: 'pretty' });
    await eventually(() => {
      expect(running.stderr).to.match(/^\d\d:\d\d:\d\d ● round \d+: /m);
    });
    reconfigure({ format: 'json', level: 'debug' });
    await eventually(() => {
      expect(running.stderr).to.include('"level":"debug"');
    });
    expect(await running.stop()).to.equal(0);
  });

  it('holds what Node.js itself would print past it', async () => {
    const warning = `data:text/javascript,process.on('SIGUSR2', () => process.emitWarning('planted'))`;
    const running = start({ env: { NODE_OPTIONS: `--import="${warning}"` } });
    await eventually(() => {
      expect(running.stderr).to.include('round.finished');
    });
    running.child.kill('SIGUSR2');
    await eventually(() => {
      expect(lines(running.stderr).map(({ event, message }) => ({ event, message }))).to.deep.include({
        event: 'library.warned',
        message: 'Warning: planted',
      });
    });
    expect(await running.stop()).to.equal(0);
  });
});
