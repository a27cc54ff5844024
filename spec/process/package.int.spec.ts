import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { makeClone, ROOT, type Clone } from '../support/clone.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
/** What the package has beside the program. */
const PAPERS = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'config.schema.json',
  'consumer-scheduler.example.yaml',
  'deploy/consumer-scheduler.service',
  'examples/README.md',
  'examples/consumer-api.mjs',
  'examples/producer.mjs',
];
/** The types of what is exported, and those that they are made of. */
const TYPES = [
  ...['version', 'wire', 'registry'],
  ...['client', 'entries', 'events', 'input', 'scripts'].map((name) => `registry/${name}`),
  ...['call/reasons', 'call/signature', 'ip/address', 'ip/scope', 'peer/peer'].map((name) => `domain/${name}`),
];

/** The modules that ship as they are: for an API, for the page, and what is loaded before the bundle. */
const MODULES =
  /^(main\.ts|version\.ts|wire\.ts|registry\.ts|cli\/(signals|heapFlags)\.ts|clients\/replies\.ts|(page|registry|domain)\/.*\.(tsx?|css))$/;

/** Compiled against the package; a line with `@ts-expect-error` has to be refused. */
const API = `
import { createServer } from 'node:http';
import { Cluster, Redis } from 'ioredis';
import { openRegistry, type ConsumerEntry, type Registration } from 'consumer-scheduler/registry';
import { callerAddress, parseCall, readBody, syncCall, verify, type SyncCall } from 'consumer-scheduler/wire';

openRegistry({ redis: new Cluster([]), prefix: '{p2p}:' });
const registry = openRegistry({ redis: new Redis(), mostPerSource: 5 });
createServer(async (request, response) => {
  const body = (await readBody(request)) ?? '';
  const call: SyncCall | undefined = parseCall(syncCall, body);
  const from: string | undefined = callerAddress(request.socket);
  if (call === undefined || from === undefined || !verify('secret', { headers: request.headers, body, at: 0 })) return;
  const result: Registration = await registry.register('consumer', { uuid: call.uuid, ip: call.ip ?? from, from });
  response.end(result.outcome === 'registered' ? result.uuid : result.reason);
  // @ts-expect-error there may be no address
  await registry.register('consumer', { uuid: call.uuid, ip: call.ip });
});
for await (const peer of registry.list('consumer')) {
  const consumer: ConsumerEntry = peer;
  const state: 'available' | 'suspect' | 'unavailable' | undefined = consumer.state;
  // @ts-expect-error that is no state
  if (state === 'dead') break;
}
export {};
`;

interface Lock {
  readonly packages: Record<
    string,
    {
      readonly version?: string;
      readonly dev?: boolean;
      readonly os?: readonly string[];
      readonly cpu?: readonly string[];
      readonly devDependencies?: object;
    }
  >;
}
const readLock = (path: string): Lock => JSON.parse(readFileSync(path, 'utf8')) as Lock;

describe('a fresh clone', function () {
  this.timeout(180_000);
  let clone: Clone;
  let tarball = '';
  const npm = (...args: string[]) => spawnSync('npm', args, { cwd: clone.path, encoding: 'utf8' });

  before(function () {
    if (spawnSync('npm', ['--version']).status !== 0) skipBecause(this, 'there is no npm');
    clone = makeClone();
  });
  after(() => {
    clone.clear();
  });

  it('npm start builds it and runs it, and a signal ends it in good order', async () => {
    const child = spawn('npm', ['start'], {
      cwd: clone.path,
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

  it('npm pack builds what runs, and packs that with its papers and nothing else', () => {
    rmSync(join(clone.path, 'dist'), { recursive: true, force: true });
    const { status, stdout, stderr } = npm('pack', '--json', '--pack-destination', clone.folder);
    expect(status, stderr).to.equal(0);
    const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
    const modules = readdirSync(join(clone.path, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => MODULES.test(name))
      .map((name) => join('dist', name.replace(/\.tsx?$/, '.js')));
    const bundle = readdirSync(join(clone.path, 'dist/bundle')).filter((name) => name.endsWith('.js'));
    expect(bundle).to.include.members(['program.js', 'run.js']);
    const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.md'),
    );
    const own = packed?.files.map(({ path }) => path).filter((path) => !path.startsWith('node_modules/'));
    expect(own).to.have.members([
      ...PAPERS,
      ...pages.map((name) => `docs/${name}`),
      ...TYPES.map((name) => `dist/${name}.d.ts`),
      'package.json',
      ...modules,
      ...bundle.map((name) => `dist/bundle/${name}`),
    ]);
    tarball = join(clone.folder, packed?.filename ?? '');
    spawnSync('tar', ['-xzf', tarball], { cwd: clone.folder });
  });

  it('leaves no second lock file behind', () => {
    expect(readdirSync(clone.path)).to.not.include('npm-shrinkwrap.json');
  });

  describe('what was packed', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, args, { cwd: join(clone.folder, 'package'), encoding: 'utf8', timeout: 30_000 });

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

    it('gives an API the registry and the calls, and starts nothing by that', () => {
      const script = `
        const [registry, wire] = [await import('consumer-scheduler/registry'), await import('consumer-scheduler/wire')];
        const open = process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|FSEvent|Signal|Timeout/.test(kind));
        process.stdout.write(JSON.stringify([Object.keys(registry), Object.keys(wire), open]));`;
      const { status, stdout, stderr } = run('--input-type=module', '-e', script);
      expect(status, stderr).to.equal(0);
      const [registry, wire, open] = JSON.parse(stdout) as string[][];
      expect(registry).to.have.members(['Registry', 'RegistryInputError', 'openRegistry']);
      expect(wire).to.include.members(['syncCall', 'syncAnswer', 'ipCall', 'sign', 'verify', 'callerAddress']);
      expect(open).to.deep.equal([]);
    });

    it('has examples that run in it', () => {
      const { status, stderr } = run('examples/consumer-api.mjs');
      expect([status, stderr.includes('LOCAL_UUID: expected the UUID of this node')]).to.deep.equal([1, true]);
    });

    it('has nothing that publint finds fault with', async () => {
      const { publint } = await import('publint');
      const { messages } = await publint({ pkgDir: join(clone.folder, 'package'), pack: false, strict: true });
      expect(messages).to.deep.equal([]);
    });

    it('has types that resolve where it is imported', () => {
      // By its own name, which the compiler resolves by `exports` as it would from elsewhere.
      mkdirSync(join(clone.folder, 'package/typed'));
      const file = join(clone.folder, 'package/typed/consumer.mts');
      writeFileSync(file, `import { version } from 'consumer-scheduler';\nexport const text: string = version;\n`);
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      const options = ['--strict', '--noEmit', '--lib', 'es5', '--skipLibCheck', '--module', 'nodenext'];
      const { status, stdout } = run(tsc, ...options, '--ignoreConfig', file);
      expect(status, stdout).to.equal(0);
    });

    it('has types of the registry and of the calls that an API can be written with, whatever resolves them', () => {
      const file = join(clone.folder, 'package/typed/api.mts');
      writeFileSync(file, API);
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
      const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--lib', 'es2022', '--types', 'node'];
      for (const module of [
        ['--module', 'nodenext'],
        ['--module', 'esnext', '--moduleResolution', 'bundler'],
      ]) {
        const { status, stdout } = run(tsc, ...strict, ...module, '--target', 'es2022', '--ignoreConfig', file);
        expect(status, stdout).to.equal(0);
      }
    });
  });

  describe('installed globally into an empty prefix', () => {
    let prefix: string;
    let commands: readonly string[] = [];
    const environment = () => ({ ...process.env, LOCAL_UUID: undefined, REDIS_URL: undefined, NO_COLOR: '1' });
    const program = (...args: string[]) =>
      spawnSync(join(prefix, 'bin/consumer-scheduler'), args, {
        cwd: prefix,
        encoding: 'utf8',
        env: environment(),
        timeout: 30_000,
      });

    before(() => {
      prefix = join(clone.folder, 'prefix');
      mkdirSync(prefix);
      // An empty cache as well: what an earlier installation left there must not stand in for what was packed.
      const apart = ['--offline', '--cache', join(clone.folder, 'cache')];
      const { status, stderr } = npm('install', '--global', '--prefix', prefix, ...apart, tarball);
      expect(status, stderr).to.equal(0);
    });

    it('has the versions that are tested here without asking a registry, and no package for development', () => {
      const home = join(prefix, 'lib/node_modules/consumer-scheduler');
      const shipped = Object.entries(readLock(join(ROOT, 'package-lock.json')).packages)
        .filter(([path, { dev }]) => path !== '' && dev !== true)
        // What is for another platform is not installed here.
        .filter(([, { os, cpu }]) => os?.includes(process.platform) !== false && cpu?.includes(process.arch) !== false)
        .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/'))}@${version ?? ''}`);
      expect(shipped).to.have.length.greaterThan(50);
      // Where each of them stands may differ: what is needed for development takes no place here.
      const installed = readdirSync(home, { recursive: true, encoding: 'utf8' })
        .filter((path) => /node_modules\/(@[^/]+\/)?[^@/][^/]*\/package\.json$/.test(path))
        .map((path) => {
          const { version } = JSON.parse(readFileSync(join(home, path), 'utf8')) as { version: string };
          return `${dirname(path.slice(path.lastIndexOf('node_modules/')))}@${version}`;
        });
      expect([...new Set(installed)].sort()).to.deep.equal([...new Set(shipped)].sort());
    });

    it('each command has its help', () => {
      const { stdout } = program('--help');
      commands = [...stdout.matchAll(/^ {2}([a-z-]+) .*/gm)]
        .map(([, name = '']) => name)
        .filter((name) => name !== 'help');
      expect(commands).to.include.members(['run', 'init', 'sync', 'check-config', 'doctor', 'peers']);
      for (const name of commands) {
        const { status, stdout: help } = program(name, '--help');
        expect([status, help.startsWith(`Usage: consumer-scheduler ${name}`)], name).to.deep.equal([0, true]);
      }
    });

    it('init writes what check-config takes and run works with, until a signal', async () => {
      const written = program('init', '--redis', 'embedded', '--lan');
      expect(written.status, written.stderr).to.equal(0);
      expect(program('check-config').stdout).to.match(/- private/);
      const port = String(await freePort());
      const child = spawn(join(prefix, 'bin/consumer-scheduler'), ['run'], {
        cwd: prefix,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...environment(), IP_OVERRIDE: '127.0.0.1', CONSUMER_SCHEDULER__STATUS__PORT: port },
      });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = once(child, 'close');
      try {
        await eventually(() => {
          expect(said).to.include('round.finished');
        });
        expect(program('peers', 'list').status).to.equal(0);
        expect(program('status').status).to.equal(0);
        expect(program('events', '--json').status).to.equal(0);
        await eventually(() => {
          expect(program('health', '--url', `http://127.0.0.1:${port}/healthz`).status).to.equal(0);
        });
      } finally {
        child.kill('SIGTERM');
      }
      expect(await ended, said).to.deep.equal([0, null]);
      expect(said).to.not.include('"level":"error"');
    });
  });
});
