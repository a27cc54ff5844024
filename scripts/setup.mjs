import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything that a fresh clone needs before it can be tried: packages, a build, a real redis-server. */

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a command in the project; its output is shown where it fails, or all the time where `loud`. */
export function run(command, args, { loud = false, env = process.env } = {}) {
  const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', stdio: loud ? 'inherit' : 'pipe' });
  if (result.status === 0) return true;
  if (!loud) console.error(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`);
  return false;
}

/** Installs the packages where they are missing or older than the lock file. */
export function install() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return true;
  console.log('installing the packages (npm ci)');
  return run('npm', ['ci', '--no-audit', '--no-fund']);
}

export function build() {
  return run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'spec']);
}

function find(program, named) {
  const candidates = named ? [named] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const quiet = { DEBIAN_FRONTEND: 'noninteractive', HOMEBREW_NO_AUTO_UPDATE: '1' };

/** How each package manager brings Redis, without asking anything. */
const managers = [
  {
    program: 'apt-get',
    steps: [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'],
    ],
    root: true,
  },
  { program: 'dnf', steps: [['install', '-y', '-q', 'redis']], root: true },
  { program: 'apk', steps: [['add', '--quiet', 'redis']], root: true },
  { program: 'brew', steps: [['install', '--quiet', 'redis']], root: false },
];

/** Where the redis-server program is; installs it where that can be done without a password, saying so. */
export function ensureRedisServer() {
  const named = process.env.REDIS_SERVER;
  const found = find('redis-server', named);
  if (found !== undefined) return found;
  if (named) {
    console.error(`$REDIS_SERVER names ${named}, which is no program that can be run`);
    return undefined;
  }
  const manager = managers.find(({ program }) => find(program) !== undefined);
  const needsSudo = manager?.root === true && process.getuid?.() !== 0;
  const sudo = needsSudo && spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n', 'env'] : ['env'];
  if (manager !== undefined && (!needsSudo || sudo[0] === 'sudo')) {
    console.log(`no redis-server on this machine: installing it with ${manager.program}`);
    const variables = Object.entries(quiet).map(([name, value]) => `${name}=${value}`);
    const undo = sparingTheService(manager.program, sudo);
    for (const step of manager.steps) run(sudo[0], [...sudo.slice(1), ...variables, manager.program, ...step]);
    undo();
    const installed = find('redis-server');
    if (installed !== undefined) return installed;
  }
  console.error('a real redis-server is needed: install Redis with your package manager, or name it in $REDIS_SERVER');
  return undefined;
}

/** Debian starts what it installs; a Redis service that nobody asked for would stay. A policy file forbids that. */
function sparingTheService(program, [first, ...rest]) {
  const policy = '/usr/sbin/policy-rc.d';
  if (program !== 'apt-get' || existsSync(policy)) return () => undefined;
  const shell = (text) => spawnSync(first, [...rest, 'sh', '-c', text]);
  shell(`printf '#!/bin/sh\\nexit 101\\n' >${policy} && chmod +x ${policy}`);
  return () => shell(`rm -f ${policy}`);
}
