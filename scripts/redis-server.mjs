import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/**
 * Debian starts what it installs and starts it again at every boot. A policy file forbids the first, the last lines
 * the second: who tries this project did not ask for a Redis on port 6379. The trap takes the policy away again
 * whatever happens, since it would hold for every other service as well.
 */
const APT = `
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\\nexit 101\\n' >$policy
    chmod +x $policy
  fi
  apt-get update -qq || echo 'could not refresh every package list'
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 redis-server || exit 1
  if command -v systemctl; then
    systemctl disable --now redis-server
  else
    update-rc.d redis-server disable
  fi
  exit 0
`;

/** How each package manager brings Redis without asking anything. */
const managers = [
  { program: 'apt-get', script: APT, asRoot: true },
  { program: 'dnf', script: 'dnf install -y -q redis', asRoot: true },
  { program: 'apk', script: 'apk add --quiet redis', asRoot: true },
  { program: 'brew', script: 'HOMEBREW_NO_AUTO_UPDATE=1 brew install --quiet redis', asRoot: false },
];

/**
 * Where a real redis-server is, installed first where that takes no password and `mayInstall` (given the package manager)
 * does not object; undefined, and why, where it is not.
 */
export function ensureRedisServer(mayInstall = () => true) {
  const named = process.env.REDIS_SERVER;
  if (named) {
    if (isProgram(named)) return named;
    console.error(`$REDIS_SERVER names ${named}, which is no program that can be run`);
    return undefined;
  }
  const found = onPath('redis-server') ?? (installed(mayInstall) ? onPath('redis-server') : undefined);
  if (found === undefined) console.error('redis-server is needed: install Redis, or name the program in $REDIS_SERVER');
  return found;
}

/** The command that starts a Sentinel with this configuration file; every redis-server is one, packaged so or not. */
export function sentinelCommand(redisServer, configFile) {
  return [redisServer, configFile, '--sentinel'];
}

function installed(mayInstall) {
  const manager = managers.find(({ program }) => onPath(program) !== undefined);
  if (manager === undefined) return false;
  const isRoot = process.getuid?.() === 0;
  if (manager.asRoot && !isRoot && spawnSync('sudo', ['-n', 'true']).status !== 0) return false;
  if (!mayInstall(manager.program)) return false;
  const command = [...(manager.asRoot && !isRoot ? ['sudo', '-n'] : []), 'sh', '-c', manager.script];
  console.log(`no redis-server on this machine: installing it with ${manager.program}`);
  return run(command[0], command.slice(1));
}

export function onPath(program) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
