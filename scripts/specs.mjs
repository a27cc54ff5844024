import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize, relative } from 'node:path';
import { environmentOf } from './node.mjs';
import { root, run } from './run.mjs';

/** What takes minutes of the twenty that a CI has: `npm run test:slow` runs it. */
const SLOW = ['docs/*.int', 'process/package.int', 'process/bench.int'];
const EVERY = ['.build/spec/**/*.spec.js', ...SLOW.flatMap((name) => ['--ignore', `.build/spec/${name}.spec.js`])];
const COUNTS = join(tmpdir(), `spec-counts-${process.pid}.json`);
const SUMMARY = join(root, 'coverage/coverage-summary.json');

/** What came of all specs that this process has run, and what of it has to be told at the end. */
export const tally = { passed: 0, failed: 0, skipped: 0, remarks: [] };

/** More failed files than these are no accident of a busy machine. */
const MOST_FILES_AGAIN = 5;

/**
 * Runs the built specs and adds to the tally; false where not all is well. Words are files or folders in spec/, all of
 * it where none is named, and options of mocha. With `covered` the coverage has to reach its mark as well.
 */
export function specs({ words = [], node = process.execPath, details = false, covered = false } = {}) {
  const given = words.map(toBuilt);
  const chosen = given.some((word) => word.startsWith('.build/spec')) ? given : [...EVERY, ...given];
  rmSync(SUMMARY, { force: true });
  const first = mocha(chosen, { node, details, covered });
  const isCovered = !covered || showCoverage();
  if (first === undefined) return false;
  const counts = first.failed > 0 && first.ended ? settle(first, { node, details }) : first;
  for (const outcome of ['passed', 'failed', 'skipped']) tally[outcome] += counts[outcome];
  for (const { title } of counts.failures) tally.remarks.push(`failed: ${title}`);
  if (!counts.ended) console.error('\nmocha ended before its specs did');
  if (counts.passed === 0) console.error('no spec has passed');
  // A crash of mocha itself can look like success to who asks for its exit code alone.
  return isCovered && (first.good || counts !== first) && counts.ended && counts.failed === 0 && counts.passed > 0;
}

/** The counts of one run of mocha and whether it exited well; undefined where it did not begin. */
function mocha(args, { node, details, covered }) {
  const env = { ...environmentOf(node), SPEC_COUNTS: COUNTS, ...(details && { SPEC_DETAILS: '1' }) };
  const own = [join(root, 'node_modules/mocha/bin/mocha.js'), '--reporter', join(root, 'scripts/reporter.mjs')];
  const good = run(node, covered ? measured(node, [...own, ...args], details) : [...own, ...args], { loud: true, env });
  if (!existsSync(COUNTS)) return undefined;
  const counts = JSON.parse(readFileSync(COUNTS, 'utf8'));
  rmSync(COUNTS);
  return { ...counts, good };
}

/**
 * Runs the files of the failed specs once more, with nothing beside them: three files at a time on a busy machine may
 * make a process miss its time. What fails again has failed; what does not counts as passed, and is named at the end.
 */
function settle(first, { node, details }) {
  const files = [...new Set(first.failures.map(({ file }) => file))];
  if (files.length > MOST_FILES_AGAIN || files.includes(undefined)) return first;
  console.log(`\n${first.failed} failed; their files run once more, alone`);
  const again = mocha(['--no-parallel', ...files], { node, details, covered: false });
  if (again === undefined || !again.ended || again.passed === 0) return first;
  const stillFails = new Set(again.failures.map(({ title }) => title));
  for (const { title } of first.failures) {
    if (!stillFails.has(title)) tally.remarks.push(`passed only when run alone: ${title}`);
  }
  const passed = Math.max(0, first.passed + first.failed - again.failed);
  return { ...first, passed, failed: again.failed, failures: again.failures };
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
  const required = ['type-modules.mjs', 'patient-workers.mjs', 'children.mjs'];
  return [...c8, node, ...mocha, ...required.flatMap((name) => ['--require', join(root, 'scripts/c8', name)])];
}

/** Whether all files together reach the mark; the files below it are where something is to be gained. */
function showCoverage() {
  if (!existsSync(SUMMARY)) return false;
  const marks = JSON.parse(readFileSync(join(root, '.c8rc.json'), 'utf8'));
  const { total, ...files } = JSON.parse(readFileSync(SUMMARY, 'utf8'));
  const reaches = ({ lines, branches }) => lines.pct >= marks.lines && branches.pct >= marks.branches;
  for (const [path, file] of Object.entries(files).filter(([, file]) => !reaches(file))) {
    console.log(`below the mark: ${relative(root, path)} (lines ${file.lines.pct}%, branches ${file.branches.pct}%)`);
  }
  return reaches(total);
}
