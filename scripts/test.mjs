import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run, tool } from './run.mjs';
import { build, ensureRedisServer, install } from './setup.mjs';

/**
 * The whole check of the project, set-up included. With words after `npm test --`, which go to mocha, only the specs
 * run, without the mark for coverage. The last line is the count.
 */

const chosen = process.argv.slice(2);
const counts = join(tmpdir(), `spec-counts-${process.pid}.json`);
let redisServer;

// The linter takes the types of `#src/…` from the build.
const setUp = [
  ['packages', install],
  ['redis-server', () => (redisServer = ensureRedisServer()) !== undefined],
  ['build', build],
];
const checks = [
  ['format', () => tool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'])],
  ['lint', () => tool('eslint/bin/eslint.js', ['.', '--max-warnings', '0'])],
  ['layers', () => tool('dependency-cruiser/bin/dependency-cruise.mjs', ['src'])],
];

function stage([name, work]) {
  const startedAt = Date.now();
  const good = work();
  console.log(`${good ? '✔' : '✖'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  return good;
}

let tally = { passed: 0, failed: 0, skipped: 0 };

function specs() {
  const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--reporter', join(root, 'scripts/reporter.mjs')];
  const options = { loud: true, env: { ...process.env, REDIS_SERVER: redisServer, SPEC_COUNTS: counts } };
  const measured = [process.execPath, ...mocha, '--require', join(root, 'scripts/load-type-modules.mjs')];
  const good =
    chosen.length > 0 ? run(process.execPath, [...mocha, ...chosen], options) : tool('c8/bin/c8.js', measured, options);
  if (!existsSync(counts)) return false;
  tally = JSON.parse(readFileSync(counts, 'utf8'));
  rmSync(counts);
  if (tally.passed === 0) console.error('no spec has passed');
  // A crash of mocha itself can look like success to who asks for its exit code alone.
  return good && tally.ended && tally.failed === 0 && tally.passed > 0;
}

const good = [...setUp, ...(chosen.length > 0 ? [] : checks), ['specs', specs]].every(stage);
// What fails outside of a spec (a stage, the coverage, a run of nothing) counts as one failure.
const failed = good ? 0 : Math.max(tally.failed, 1);
console.log(`${tally.passed} passed, ${failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}`);
process.exitCode = good ? 0 : 1;
