import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, ensureRedisServer, install, root, run } from './setup.mjs';

/** The whole check of the project, set-up included. Words after `--` go to mocha, and then only the specs run. */

const chosen = process.argv.slice(2);
const bin = (name, ...rest) => [process.execPath, [join(root, 'node_modules', name, ...rest)]];

function stage(name, work) {
  const startedAt = Date.now();
  const good = work();
  console.log(`${good ? '✔' : '✖'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  return good;
}

function node([program, args], ...more) {
  return run(program, [...args, ...more]);
}

const checks = [
  ['format', () => node(bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.')],
  ['lint', () => node(bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0')],
  ['layers', () => node(bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), 'src')],
];

let redisServer;
const setUp = [
  ['packages', install],
  ['redis-server', () => (redisServer = ensureRedisServer()) !== undefined],
  ['build', build],
  ...(chosen.length > 0 ? [] : checks),
];
if (!setUp.every(([name, work]) => stage(name, work))) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const report = join(tmpdir(), `specs-${process.pid}.json`);
const mocha = [
  ...bin('mocha', 'bin', 'mocha.js').flat(),
  '--reporter',
  join(root, 'scripts', 'reporter.mjs'),
  ...chosen,
];
const command = chosen.length > 0 ? mocha : [...bin('c8', 'bin', 'c8.js').flat(), ...mocha];
const env = { ...process.env, REDIS_SERVER: redisServer, SPEC_REPORT: report };
const good = run(command[0], command.slice(1), { loud: true, env });
const { passed, failed, skipped } = JSON.parse(readFileSync(report, 'utf8'));
rmSync(report);
// Coverage below its mark, or a run of nothing at all, is a failure that no spec counts.
const uncounted = failed === 0 && (!good || passed === 0) ? 1 : 0;
if (uncounted > 0) console.log('the specs passed but the run did not: see above');
console.log(`${passed} passed, ${failed + uncounted} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(good && passed > 0 ? 0 : 1);
