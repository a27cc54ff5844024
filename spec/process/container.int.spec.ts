import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { redisProgram } from '../support/redisProgram.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc'];

/** A process as the kernel shows it: proc(5). */
interface Shown {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
}

describe('as process 1 of a container', () => {
  let folder: string;
  let program: Program | undefined;

  before(function () {
    const [command = '', ...args] = NAMESPACE;
    if (spawnSync(command, [...args, 'true']).status !== 0) skipBecause(this, 'no namespace of processes can be made');
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'one-'));
  });
  afterEach(async () => {
    if (program !== undefined) for (const { pid } of children(program.child.pid)) process.kill(pid, 'SIGKILL');
    await program?.clear();
    program = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (words: readonly string[], script: string): Promise<Program> => {
    const config = { uuid: US, redis: { url: 'embedded', dataDir: join(folder, 'data') }, log: { format: 'json' } };
    const env = { REDIS_SERVER: await redisProgram(folder, script), IP_OVERRIDE: '127.0.0.1' };
    return (program = Program.start(words, { config, env, before: NAMESPACE }));
  };
  const scheduler = (running: Program): number => children(running.child.pid)[0]?.pid ?? expect.fail('it has ended');

  it('leaves no zombies, however often its embedded server dies', async () => {
    const starts = join(folder, 'starts');
    const running = await start(['run'], `echo start >>${starts}\n[ -e ${folder}/die ] || exec "$REDIS" "$@"\nexit 1`);
    await eventually(() => {
      expect(running.stderr).to.include('round.finished');
    });
    const [server] = grandchildren(scheduler(running)).filter(({ pid }) => nameOf(pid) === 'redis-server');
    spawnSync('touch', [join(folder, 'die')]);
    process.kill(server?.pid ?? NaN, 'SIGKILL');
    await eventually(async () => {
      expect((await readFile(starts, 'utf8')).split('\n')).to.have.length.greaterThan(3);
    });
    await eventually(() => {
      expect(children(scheduler(running)).filter(({ state }) => state === 'Z')).to.deep.equal([]);
    });
    process.kill(scheduler(running), 'SIGTERM');
    expect(await running.ended()).to.equal(0);
  });

  it('a command ends by a signal, which the kernel would keep from process 1', async () => {
    // A database that is there already, since a command makes none.
    await mkdir(join(folder, 'data', 'appendonlydir'), { recursive: true });
    const running = await start(['sync'], 'exec sleep 1000');
    await eventually(() => {
      expect(children(scheduler(running))).to.have.length(1);
    });
    process.kill(scheduler(running), 'SIGTERM');
    expect(await running.ended()).to.equal(143);
  });
});

function children(parent: number | undefined): readonly Shown[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => shown(Number(name)))
    .filter((one) => one.parent === parent);
}

function grandchildren(pid: number): readonly Shown[] {
  return children(pid).flatMap((child) => children(child.pid));
}

function shown(pid: number): Shown[] {
  try {
    const [, state = '', parent = ''] = /^.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return [{ pid, state, parent: Number(parent) }];
  } catch {
    return [];
  }
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}
