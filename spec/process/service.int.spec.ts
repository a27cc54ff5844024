import { expect } from 'chai';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { privateRedis } from '../support/registry.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
/** Prints each datagram as one line of JSON, once it listens an empty one. */
const LISTENER = `
import json, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print('""', flush=True)
while True: print(json.dumps(server.recv(65536).decode()), flush=True)
`;

describe('under systemd', () => {
  const shared = privateRedis();
  let folder: string;
  let program: Program | undefined;
  let listener: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'service-'));
  });
  afterEach(async () => {
    await program?.clear();
    program = undefined;
    listener?.kill();
    listener = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  const start = (env: NodeJS.ProcessEnv, url = shared.server.url): Program => {
    const config = {
      ...{ uuid: US, redis: { url }, publicIp: { override: '127.0.0.1' }, log: { format: 'json' } },
      sync: { interval: '200ms' },
    };
    return (program = Program.start(['run'], { config, env: { NOTIFY_SOCKET: join(folder, 'socket'), ...env } }));
  };
  const finished = (running: Program): Promise<void> =>
    eventually(() => {
      expect(running.stderr).to.include('round.finished');
    });

  describe('with a stand-in for its tool', () => {
    /** What the tool was told, one run a line. */
    const told = async (): Promise<readonly string[]> =>
      (await readFile(join(folder, 'told'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
    const standIn = async (end = ''): Promise<NodeJS.ProcessEnv> => {
      const tool = join(folder, 'systemd-notify');
      await writeFile(tool, `#!/bin/sh\necho "$*" >>'${folder}/told'\nenv >'${folder}/env'\n${end}\n`);
      await chmod(tool, 0o755);
      return { PATH: `${folder}:${process.env.PATH ?? ''}` };
    };
    const hears = (pattern: RegExp, times = 1): Promise<void> =>
      eventually(async () => {
        expect((await told()).filter((line) => pattern.test(line)).length, String(pattern)).to.be.at.least(times);
      });

    it('says that it is ready, how it is, that it reloads, and that it stops', async () => {
      const running = start(await standIn());
      await hears(/^READY=1 STATUS=/);
      await hears(/^STATUS=round 1: 0 of 0 answered/);
      running.child.kill('SIGHUP');
      await hears(/^RELOADING=1 MONOTONIC_USEC=\d+$/);
      await hears(/^READY=1 STATUS=round \d+: 0 of 0 answered/);
      expect(await running.stop()).to.equal(0);
      await hears(/^STOPPING=1 STATUS=SIGTERM: /);
      const order = (await told()).map((line) => line.split('=')[0]).filter((name) => name !== 'STATUS');
      expect(order).to.deep.equal(['READY', 'RELOADING', 'READY', 'STOPPING']);
    });

    it('is ready while it still waits for Redis', async () => {
      start(await standIn(), 'redis://127.0.0.1:1/0');
      await hears(/^READY=1 /);
      await hears(/STATUS=Redis can't be used: /);
    });

    it('answers the watchdog', async () => {
      start({ ...(await standIn()), WATCHDOG_USEC: '600000' });
      await hears(/^WATCHDOG=1 STATUS=/, 3);
    });

    it('gives the tool nothing of its environment', async () => {
      start({ ...(await standIn()), CONSUMER_SCHEDULER__HTTP__SIGNING__SECRET: 'planted planted planted' });
      await hears(/^READY=1 /);
      await eventually(async () => {
        expect(await readFile(join(folder, 'env'), 'utf8'))
          .to.include('NOTIFY_SOCKET=')
          .and.not.include('planted');
      });
    });

    it('works on, and says so once, where the tool fails', async () => {
      const running = start({ ...(await standIn('exit 1')), WATCHDOG_USEC: '900000' });
      await hears(/^READY=1 /, 3);
      await eventually(() => {
        expect(running.stderr).to.include('systemd-notify has failed');
      });
      await hears(/^WATCHDOG=1 /, 4);
      expect(running.stderr.match(/systemd-notify has failed/g)).to.have.length(1);
      await finished(running);
      expect(await running.stop()).to.equal(0);
    });

    it('is no part of it where no service manager listens', async () => {
      const running = start({ ...(await standIn()), NOTIFY_SOCKET: '' });
      await finished(running);
      expect(await running.stop()).to.equal(0);
      expect(await told()).to.deep.equal([]);
    });
  });

  it('works without its tool, and says what to do', async () => {
    const running = start({ PATH: folder });
    await eventually(() => {
      expect(running.stderr).to.include('systemd-notify is not there').and.include('Type=exec');
    });
    await finished(running);
    expect(await running.stop()).to.equal(0);
  });

  it('is understood by way of the real tool', async function () {
    if (spawnSync('systemd-notify', ['--version']).status !== 0) skipBecause(this, 'there is no systemd-notify');
    if (spawnSync('python3', ['--version']).status !== 0) skipBecause(this, 'there is no python3');
    const datagrams: string[] = [];
    const server = (listener = spawn('python3', ['-c', LISTENER, join(folder, 'socket')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }));
    let text = '';
    server.stdout.on('data', (chunk: Buffer) => {
      const lines = (text += chunk.toString()).split('\n');
      text = lines.pop() ?? '';
      datagrams.push(...lines.map((line) => JSON.parse(line) as string));
    });
    await once(server.stdout, 'data');
    const running = start({ WATCHDOG_USEC: '900000' });
    const hears = (pattern: RegExp): Promise<void> =>
      eventually(() => {
        expect(
          datagrams.some((one) => pattern.test(one)),
          String(pattern),
        ).to.equal(true);
      });
    await hears(/^READY=1\nSTATUS=[^\n]+$/);
    await hears(/^WATCHDOG=1\nSTATUS=round \d+: 0 of 0 answered[^\n]*$/);
    running.child.kill('SIGHUP');
    await hears(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    expect(await running.stop()).to.equal(0);
    await hears(/^STOPPING=1\nSTATUS=SIGTERM: /);
    expect(running.stderr).to.not.include('systemd-notify');
  });
});
