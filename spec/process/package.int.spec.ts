import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { skipBecause } from '../support/skip.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** What a clone does not have. */
const MADE = ['.git', '.build', 'dist', 'node_modules', 'coverage'];
const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

describe('a fresh clone', function () {
  this.timeout(180_000);
  let folder: string;
  let clone: string;
  const npm = (...args: string[]) => spawnSync('npm', args, { cwd: clone, encoding: 'utf8' });

  before(function () {
    if (spawnSync('npm', ['--version']).status !== 0) skipBecause(this, 'there is no npm');
    folder = mkdtempSync(join(tmpdir(), 'clone-'));
    clone = join(folder, 'clone');
    cpSync(ROOT, clone, { recursive: true, filter: (path) => !MADE.includes(basename(path)) });
    // The packages that are installed here already, in place of npm ci.
    symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    utimesSync(join(clone, 'package-lock.json'), 0, 0);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('npm start builds it and runs it, and a signal ends it in good order', async () => {
    const child = spawn('npm', ['start'], {
      cwd: clone,
      // A group of its own, to be signalled as a terminal does: the shell between npm and us hands nothing on.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LOCAL_UUID: US, REDIS_URL: 'redis://127.0.0.1:1', IP_OVERRIDE: '127.0.0.1' },
    });
    let said = '';
    let stopped = false;
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (stopped || !said.includes('redis.down')) return;
      stopped = true;
      process.kill(-(child.pid ?? NaN), 'SIGTERM');
    });
    await once(child, 'close');
    expect(said).to.include('"message":"stopped"');
  });

  it('npm pack builds what runs, and packs nothing else', () => {
    rmSync(join(clone, 'dist'), { recursive: true, force: true });
    const { status, stdout, stderr } = npm('pack', '--json', '--pack-destination', folder);
    expect(status, stderr).to.equal(0);
    const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
    const modules = readdirSync(join(clone, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(tsx?|css)$/.test(name))
      .map((name) => join('dist', name.replace(/\.tsx?$/, '.js')));
    expect(packed?.files.map(({ path }) => path)).to.have.members(['LICENSE', 'README.md', 'package.json', ...modules]);
    spawnSync('tar', ['-xzf', join(folder, packed?.filename ?? '')], { cwd: folder });
  });

  describe('what was packed', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, args, { cwd: join(folder, 'package'), encoding: 'utf8', timeout: 30_000 });

    it('runs', () => {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
      expect(run('dist/main.js', '--version').stdout).to.equal(`${version}\n`);
    });

    it('starts nothing when it is imported', () => {
      const script = `
        const found = await import('consumer-scheduler');
        const open = process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|FSEvent|Signal|Timeout/.test(kind));
        process.stdout.write(JSON.stringify([Object.keys(found), open, process.listenerCount('SIGTERM')]));`;
      const { status, stdout, stderr } = run('--input-type=module', '-e', script);
      expect(status, stderr).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.equal([['version'], [], 0]);
    });
  });
});
