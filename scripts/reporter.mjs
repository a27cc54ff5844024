import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const { Base, Spec } = Mocha.reporters;
/** What a line of dots has room for on a terminal of the usual 80 columns. */
const PER_LINE = 78;
const MARKS = { pass: '.', fail: '!', pending: ',' };

/** A character for each spec, then what failed. */
class Short extends Base {
  constructor(runner, options) {
    super(runner, options);
    let shown = 0;
    for (const [event, mark] of Object.entries(MARKS)) {
      runner.on(event, () => {
        shown += 1;
        process.stdout.write(shown % PER_LINE === 0 ? `${mark}\n` : mark);
      });
    }
    // What failed is told in full at the end; that may be long in coming.
    runner.on('fail', (test) => {
      process.stdout.write(`\n✖ ${test.fullTitle()}\n`);
      shown = 0;
    });
    runner.once('end', () => {
      if (shown % PER_LINE !== 0) process.stdout.write('\n');
      if (this.failures.length > 0) Base.list(this.failures);
    });
  }
}

/**
 * A short report, or one with every spec where $SPEC_DETAILS is set, and what was skipped in either. The counts go to
 * the file $SPEC_COUNTS at every spec, so that they are there however mocha ends.
 */
export default class extends (process.env.SPEC_DETAILS ? Spec : Short) {
  constructor(runner, options) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0, ended: false, failures: [] };
    const skipped = [];
    const count = (outcome) => {
      if (outcome !== undefined) counts[outcome] += 1;
      writeFileSync(process.env.SPEC_COUNTS, JSON.stringify(counts));
    };
    count();
    runner.on('pass', () => count('passed'));
    runner.on('fail', (test) => {
      counts.failures.push({ title: test.fullTitle(), file: test.file });
      count('failed');
    });
    runner.on('pending', (test) => {
      skipped.push(test.fullTitle());
      count('skipped');
    });
    runner.once('end', () => {
      counts.ended = true;
      count();
      for (const title of skipped) console.log(`skipped: ${title}`);
    });
    process.on('exit', () => {
      if (!counts.ended && this.failures.length > 0) Base.list(this.failures);
    });
  }
}
