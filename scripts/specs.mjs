import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize, relative } from 'node:path';
import { environmentOf } from './node.mjs';
import { root, run } from './run.mjs';

const EVERY = '.build/spec/**/*.spec.js';
const COUNTS = join(tmpdir(), `spec-counts-${process.pid}.json`);
const SUMMARY = join(root, 'coverage/coverage-summary.json');

/** What came of all specs that this process has run. */
export const tally = { passed: 0, failed: 0, skipped: 0 };

/**
 * Runs the built specs and adds to the tally; false where not all is well. Words are files or folders in spec/, all of
 * it where none is named, and options of mocha. With `covered` the coverage has to reach its mark as well.
 */
export function specs({ words = [], node = process.execPath, details = false, covered = false } = {}) {
  const given = words.map(toBuilt);
  const chosen = given.some((word) => word.startsWith('.build/spec')) ? given : [EVERY, ...given];
  const env = { ...environmentOf(node), SPEC_COUNTS: COUNTS, ...(details && { SPEC_DETAILS: '1' }) };
  const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--reporter', join(root, 'scripts/reporter.mjs')];
  rmSync(SUMMARY, { force: true });
  const command = covered ? measured(node, [...mocha, ...chosen], details) : [...mocha, ...chosen];
  const good = run(node, command, { loud: true, env });
  if (existsSync(SUMMARY)) showBelowTheMark();
  if (!existsSync(COUNTS)) return false;
  const counts = JSON.parse(readFileSync(COUNTS, 'utf8'));
  rmSync(COUNTS);
  for (const outcome of Object.keys(tally)) tally[outcome] += counts[outcome];
  if (!counts.ended) console.error('\nmocha ended before its specs did');
  if (counts.passed === 0) console.error('no spec has passed');
  // A crash of mocha itself can look like success to who asks for its exit code alone.
  return good && counts.ended && counts.failed === 0 && counts.passed > 0;
}

/** `spec/domain` and `spec/domain/url.spec.ts` as what was built from them. */
function toBuilt(word) {
  const path = normalize(word);
  if (!/^spec(\/|$)/.test(path)) return word;
  return join('.build', path.endsWith('.ts') ? path.replace(/\.ts$/, '.js') : `${path}/**/*.spec.js`);
}

/** The command under c8, which prints its whole table with the details only. */
function measured(node, mocha, details) {
  const reports = details ? ['text', 'text-summary', 'json-summary'].flatMap((name) => ['--reporter', name]) : [];
  const c8 = [join(root, 'node_modules/c8/bin/c8.js'), ...reports];
  return [...c8, node, ...mocha, '--require', join(root, 'scripts/load-type-modules.mjs')];
}

/** The mark is for all files together; these are where something is to be gained. */
function showBelowTheMark() {
  const marks = JSON.parse(readFileSync(join(root, '.c8rc.json'), 'utf8'));
  for (const [path, { lines, branches }] of Object.entries(JSON.parse(readFileSync(SUMMARY, 'utf8')))) {
    if (path === 'total' || (lines.pct >= marks.lines && branches.pct >= marks.branches)) continue;
    console.log(`below the mark: ${relative(root, path)} (lines ${lines.pct}%, branches ${branches.pct}%)`);
  }
}
