import { tool } from './run.mjs';
import { build, ensureChromium, ensureRedisServer, install } from './setup.mjs';
import { tally } from './specs.mjs';

/** What specs need; the linter as well, which takes the types of `#src/…` from the build. */
export const setUp = [
  ['packages', install],
  ['redis-server', findRedis],
  ['chromium', findChromium],
  ['build', build],
];
export const checks = [
  ['format', () => tool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'])],
  ['lint', () => tool('eslint/bin/eslint.js', ['.', '--max-warnings', '0'])],
  ['layers', () => tool('dependency-cruiser/bin/dependency-cruise.mjs', ['src'])],
];

/** Goes through the stages up to the first that fails; the last line is the count of all specs that ran in them. */
export function conclude(stages) {
  const good = stages.every(passes);
  // What fails outside of a spec (a stage, the coverage, a run of nothing) counts as one failure.
  const failed = good ? 0 : Math.max(tally.failed, 1);
  for (const remark of tally.remarks) console.log(remark);
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
  console.log(`${tally.passed} passed, ${failed} failed${skipped}`);
  process.exitCode = good ? 0 : 1;
}

function passes([name, work]) {
  const startedAt = Date.now();
  const good = work();
  console.log(`${good ? '✔' : '✖'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  return good;
}

/** Everything that is started from here finds it by $REDIS_SERVER. */
function findRedis() {
  const found = ensureRedisServer();
  if (found !== undefined) process.env.REDIS_SERVER = found;
  return found !== undefined;
}

/** Without one the specs of the page are skipped, and say so. */
function findChromium() {
  const found = ensureChromium();
  if (found !== undefined) process.env.CHROMIUM = found;
  return true;
}
