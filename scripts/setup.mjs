import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run, tool } from './run.mjs';

export { root } from './run.mjs';
export { ensureChromium } from './chromium.mjs';
export { ensureRedisServer } from './redis-server.mjs';

/** Everything that a fresh clone needs before it can be tried: packages, a real redis-server, a build. */

/** Installs the packages where they are missing or older than the lock file; false, and why, where that fails. */
export function install() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Node 20.19 or newer is needed, this is ${process.version}`);
    return false;
  }
  // A linked folder belongs to another clone, and `npm ci` would empty it there.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  // npm writes this file last: a broken installation has none.
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return true;
  console.log('installing the packages (npm ci)');
  // NODE_ENV=production would leave out what builds and tests, and `npm pack --dry-run` would install nothing.
  return run('npm', ['ci', '--include=dev', '--dry-run=false', '--no-audit', '--no-fund']);
}

const trees = { src: 'dist', swarm: '.build/swarm', spec: '.build/spec' };

/** Compiles the three trees, or what ships alone; false, and the errors, where that fails. */
export function build({ shipped = false } = {}) {
  for (const [source, output] of Object.entries(trees)) {
    removeStale(join(root, source), join(root, output));
    // tsc looks there alone for whether it has anything to do.
    if (!existsSync(join(root, output))) rmSync(buildInfo(source), { force: true });
  }
  if (!existsSync(join(root, page.output))) rmSync(buildInfo('page'), { force: true });
  const compiled = tool('typescript/bin/tsc', ['-b', ...(shipped ? ['.', page.source] : ['spec'])]);
  copyStyles();
  return compiled && (isBundled() || run(process.execPath, [join(root, 'scripts/bundle.mjs')]));
}

/** The bundle that dist/main.js loads, made of the other modules of dist. */
const bundle = 'dist/bundle/program.js';

function isBundled() {
  const madeOf = [buildInfo('src'), join(root, 'scripts/bundle.mjs')];
  return existsSync(join(root, bundle)) && madeOf.every((file) => statSync(file).mtimeMs <= changedAt(bundle));
}

/** The page is a project of its own: it runs in the browser. */
const page = { source: 'src/page', output: 'dist/page' };

/** What the page has beside its modules. */
function copyStyles() {
  mkdirSync(join(root, page.output), { recursive: true });
  for (const name of readdirSync(join(root, page.source)).filter((file) => file.endsWith('.css'))) {
    copyFileSync(join(root, page.source, name), join(root, page.output, name));
  }
}

/** Whether the program is there to be run, and as new as its sources. */
export function isBuilt() {
  if (!existsSync(join(root, trees.src, 'main.js'))) return false;
  if (!existsSync(join(root, 'src')) || !existsSync(buildInfo('src'))) return true;
  if (!existsSync(buildInfo('page')) || !isBundled()) return false;
  const builtAt = { src: statSync(buildInfo('src')).mtimeMs, page: statSync(buildInfo('page')).mtimeMs };
  const sources = readdirSync(join(root, 'src'), { recursive: true });
  return sources.every((name) => changedAt(join('src', name)) <= builtAt[/^page([\\/]|$)/.test(name) ? 'page' : 'src']);
}

function changedAt(path) {
  return statSync(join(root, path)).mtimeMs;
}

function buildInfo(source) {
  return join(root, '.build', `${source}.tsbuildinfo`);
}

/** tsc leaves the output of a source that is gone, and a removed spec would go on passing. */
function removeStale(source, output) {
  if (!existsSync(output)) return;
  for (const name of readdirSync(output, { recursive: true })) {
    // What is in there has no sources of the same name; scripts/bundle.mjs keeps it tidy.
    if (join(output, name).startsWith(dirname(join(root, bundle)))) continue;
    const stem = name.replace(/\.(js|d\.ts)(\.map)?$/, '');
    const isGone = ['.ts', '.tsx'].every((ending) => !existsSync(join(source, stem + ending)));
    if (stem !== name && isGone) rmSync(join(output, name));
  }
}
