import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { showSummary } from './mutants/summary.mjs';
import { environmentOf, fetchNode, NEWEST } from './node.mjs';
import { root, run } from './run.mjs';
import { build, ensureRedisServer, install } from './setup.mjs';

/**
 * Changes the code in small ways, each a mutant, and shows those that no spec notices: `npm run mutants`, or only for
 * some files or folders, `npm run mutants -- src/domain/backoff.ts`. Further words go to Stryker.
 */

const recipe = join(root, 'scripts/mutants');
const home = join(root, '.build/mutants');
const report = join(home, 'report.json');
/** Of a run over a part, which is to tell of nothing but this part as it is now. */
const partial = join(home, 'partial.json');

/** Installs Stryker in a folder of its own where it is missing or not what the lock file says. */
function installStryker() {
  const files = ['package.json', 'package-lock.json'];
  const same = (name) => existsSync(join(home, name)) && read(home, name) === read(recipe, name);
  // npm writes this file last: a broken installation has none.
  if (existsSync(join(home, 'node_modules/.package-lock.json')) && files.every(same)) return true;
  console.log('installing Stryker (npm ci)');
  mkdirSync(home, { recursive: true });
  for (const name of files) copyFileSync(join(recipe, name), join(home, name));
  // Its peer is the project's own mocha, in the folder above.
  return run('npm', ['ci', '--prefix', home, '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund']);
}

function read(folder, name) {
  return readFileSync(join(folder, name), 'utf8');
}

const words = process.argv.slice(2);
const places = words.filter((word) => word.startsWith('src/'));
const further = words.filter((word) => !word.startsWith('src/'));
const chosen = places.map((place) => (place.endsWith('.ts') ? place : join(place, '**/*.ts')));

if (!install()) process.exit(1);
const redisServer = ensureRedisServer();
if (redisServer === undefined || !build()) process.exit(1);
const node = fetchNode(NEWEST);
if (node === undefined || !installStryker()) process.exit(1);

for (const left of [report, partial]) rmSync(left, { force: true });
const stryker = join(home, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const only = chosen.length > 0 ? ['--mutate', chosen.join(','), '--incrementalFile', partial] : [];
const good = run(
  node,
  [stryker, 'run', join(recipe, 'stryker.config.mjs'), '--logLevel', 'warn', ...only, ...further],
  {
    loud: true,
    env: {
      ...environmentOf(node),
      REDIS_SERVER: redisServer,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require="${join(recipe, 'extensions.cjs')}"`,
    },
  },
);
if (existsSync(report)) showSummary(JSON.parse(readFileSync(report, 'utf8')));
process.exitCode = good ? 0 : 1;
