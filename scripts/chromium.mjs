import { spawnSync } from 'node:child_process';
import { run } from './run.mjs';
import { isProgram, onPath } from './redis-server.mjs';

/** What Chromium is called where it comes from a distribution. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * Where a Chromium is, installed first where apt can do that without a password. Undefined, and why, where it is not:
 * nothing but the specs of the page needs it.
 */
export function ensureChromium() {
  const named = process.env.CHROMIUM;
  if (named) {
    if (isProgram(named)) return named;
    console.error(`$CHROMIUM names ${named}, which is no program that can be run`);
    return undefined;
  }
  const found = findChromium() ?? (installed() ? findChromium() : undefined);
  if (found === undefined) console.error('no Chromium: the specs of the page are skipped (name one in $CHROMIUM)');
  return found;
}

function findChromium() {
  return NAMES.map(onPath).find((path) => path !== undefined);
}

function installed() {
  if (onPath('apt-get') === undefined) return false;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && spawnSync('sudo', ['-n', 'true']).status !== 0) return false;
  const script =
    'export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 chromium';
  console.log('no Chromium on this machine: installing it with apt-get, for the specs of the page');
  return run(isRoot ? 'sh' : 'sudo', [...(isRoot ? [] : ['-n', 'sh']), '-c', script]);
}
