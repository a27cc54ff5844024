import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Mocha's usual report on the terminal, and its real counts in the file $SPEC_COUNTS, even where it ends early. */
export default class extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0, ended: false };
    runner.on('pass', () => (counts.passed += 1));
    runner.on('fail', () => (counts.failed += 1));
    runner.on('pending', () => (counts.skipped += 1));
    runner.once('end', () => (counts.ended = true));
    process.on('exit', () => writeFileSync(process.env.SPEC_COUNTS, JSON.stringify(counts)));
  }
}
