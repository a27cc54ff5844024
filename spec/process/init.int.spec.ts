import { expect } from 'chai';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { defaultRedis, detectRedis } from '#src/cli/init/detectRedis.js';
import { loadConfig } from '#src/config/load.js';
import { MAIN, Program } from '../support/program.js';
import { needsTerminal, onTerminal, type Typed } from '../support/terminal.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const NAME = 'consumer-scheduler.yaml';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('init', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'init-'));
    file = join(folder, NAME);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (words: readonly string[], before: readonly string[] = []): Promise<Outcome> => {
    const nothing = { LOCAL_UUID: undefined, REDIS_URL: undefined, CONSUMER_SCHEDULER_CONFIG: undefined };
    // Another user may not write the coverage, and Node would say so.
    const env = before.length === 0 ? nothing : { ...nothing, NODE_V8_COVERAGE: undefined };
    const program = Program.start(words, { env, before });
    const code = await program.ended();
    await program.clear();
    return { code, stdout: program.stdout, stderr: program.stderr };
  };
  const init = (...words: string[]) => run(['init', '--file', file, ...words]);
  const written = () => loadConfig({ file, env: {} });
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  it('writes what it is told, for its owner alone, and says the next command', async () => {
    const { code, stdout, stderr } = await init(
      '--uuid',
      US.toUpperCase(),
      '--redis',
      'unix:///run/redis.sock',
      '--lan',
    );
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(modeOf(file)).to.equal(0o600);
    const { config, warnings } = await written();
    expect(warnings).to.deep.equal([]);
    expect(config.uuid).to.equal(US);
    expect(config.redis.url).to.equal('unix:///run/redis.sock');
    expect(config.network.allow).to.deep.equal(['public', 'private']);
    const [, next = ''] = /Next: {2}node \S+main\.js (run --config \S+)/.exec(stdout) ?? [];
    expect(next).to.match(new RegExp(`${NAME}$`));
  });

  it('makes a UUID of its own each time, and lets nobody but the public be called', async () => {
    await init('--redis', 'embedded');
    const first = await written();
    await init('--redis', 'embedded', '--force');
    const second = await written();
    expect(first.config.uuid).to.not.equal(second.config.uuid);
    expect(second.config.network.allow).to.deep.equal(['public']);
    expect(second.config.redis).to.include({ url: 'embedded', dataDir: join(folder, 'data') });
  });

  it('writes what check-config takes', async () => {
    await init('--redis', 'redis://me:p%40ss,%20"word"%3A@127.0.0.1:6380/2');
    const { code, stderr, stdout } = await run(['check-config', '--config', file]);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.include('redis://***@127.0.0.1:6380/2');
  });

  it('shows no password', async () => {
    const { stdout, stderr } = await init('--redis', 'redis://me:geheim@127.0.0.1:6380/2');
    expect(stdout + stderr)
      .to.include('redis://***@127.0.0.1:6380/2')
      .and.not.include('geheim');
  });

  it('leaves a file that is there as it is, and overwrites it only by force, with its readers', async () => {
    writeFileSync(file, 'uuid: mine\n', { mode: 0o640 });
    const refused = await init('--redis', 'embedded');
    expect([refused.code, refused.stdout]).to.deep.equal([2, '']);
    expect(refused.stderr).to.equal(`${file} is already there; --force overwrites it\n`);
    expect(readFileSync(file, 'utf8')).to.equal('uuid: mine\n');
    expect((await init('--redis', 'embedded', '--force')).code).to.equal(0);
    expect(modeOf(file)).to.equal(0o640);
    chmodSync(file, 0o644);
    await init('--redis', 'embedded', '--force');
    expect(modeOf(file)).to.equal(0o640);
    expect((await written()).config.redis.url).to.equal('embedded');
  });

  it('says in one line where it can’t write', async () => {
    const missing = await run(['init', '--file', join(folder, 'nowhere', NAME), '--redis', 'embedded']);
    expect([missing.code, missing.stderr]).to.deep.equal([
      1,
      `${join(folder, 'nowhere', NAME)} could not be written: its folder is not there\n`,
    ]);
    mkdirSync(file);
    const { code, stderr } = await init('--redis', 'embedded', '--force');
    expect([code, stderr]).to.deep.equal([1, `${file} could not be written: it is a folder\n`]);
  });

  it('says so where the folder may not be written', async function () {
    // Permissions mean nothing to root.
    const asNobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];
    chmodSync(folder, 0o555);
    const { code, stderr } = await run(['init', '--file', file, '--redis', 'embedded'], asNobody);
    chmodSync(folder, 0o755);
    expect([code, stderr]).to.deep.equal([
      1,
      `${file} could not be written: its folder, or the file, may not be written by this user\n`,
    ]);
    expect(existsSync(file)).to.equal(false);
  });

  it('names every option whose value can’t be, and writes nothing', async () => {
    const { code, stderr } = await init('--uuid', 'me', '--redis', 'localhost:6379');
    expect(code).to.equal(2);
    expect(stderr).to.match(/^--uuid: expected a UUID .*\n--redis: expected redis:\/\/.*\n$/);
    expect(existsSync(file)).to.equal(false);
    const both = await run(['init', '--file', file, '--config', file]);
    expect([both.code, both.stderr]).to.deep.equal([2, 'expected one of --file and --config\n']);
  });

  it('run and check-config without any configuration say to use it', async () => {
    for (const command of ['run', 'check-config']) {
      const { code, stderr } = await run([command]);
      expect(code, command).to.equal(2);
      expect(stderr).to.include('write one with `consumer-scheduler init`');
    }
  });

  describe('on a terminal', () => {
    before(function () {
      needsTerminal(this);
    });

    const ENTER = '\r';
    const DOWN = '\u001b[B';
    const CTRL_C = '\u0003';
    const answer = (words: string, typed: readonly Typed[]) =>
      onTerminal(`${process.execPath} ${MAIN} init --file ${file} ${words}`, typed);

    it('asks for what is not given', async () => {
      // The one that is usual here is chosen already; the last one is another.
      const toLast = defaultRedis(await detectRedis(process.env)) === 'embedded' ? DOWN : `${DOWN}${DOWN}`;
      const { output, code } = await answer('', [
        { after: 'UUID of this node', keys: ENTER },
        { after: 'Which Redis', keys: `${toLast}${ENTER}` },
        { after: 'Its URL', keys: `10.0.0.7:6379${ENTER}` },
        { after: 'Where are the peers', keys: `${DOWN}${ENTER}` },
      ]);
      expect(code, output).to.equal(0);
      const { config } = await written();
      expect(config.redis.url).to.equal('redis://10.0.0.7:6379');
      expect(config.network.allow).to.deep.equal(['public', 'private']);
      expect(stripVTControlCharacters(output))
        .to.include(config.uuid)
        .and.match(/Next: /);
    });

    it('asks nothing that is given, and says at once what can’t be', async () => {
      const { output, code } = await answer(`--uuid ${US} --redis embedded`, [
        { after: 'Where are the peers', keys: ENTER },
      ]);
      expect(code, output).to.equal(0);
      expect(output).to.not.include('Which Redis').and.not.include('UUID of this node, the');
      expect((await written()).config.network.allow).to.deep.equal(['public']);
    });

    it('a Ctrl-C in place of an answer leaves nothing behind', async () => {
      const { output, code } = await answer('', [{ after: 'UUID of this node', keys: CTRL_C }]);
      expect(code, output).to.equal(1);
      expect(output).to.include('nothing was written');
      expect(existsSync(file)).to.equal(false);
    });

    it('asks nothing with --yes', async () => {
      const { output, code } = await answer('--yes --redis embedded', []);
      expect(code, output).to.equal(0);
      expect(output).to.not.include('Where are the peers');
    });
  });
});
