import { specs } from './specs.mjs';
import { checks, conclude, setUp } from './stages.mjs';

/**
 * The whole check of the project, set-up included: `npm test`. With further words only the specs run, without the mark
 * for coverage: `npm test -- spec/domain`, `npm test -- --grep lane`. `--details` shows each spec and the table of the
 * coverage. The last line is the count.
 */

const words = process.argv.slice(2).filter((word) => word !== '--details');
const details = words.length < process.argv.length - 2;
const all = words.length === 0;
conclude([...setUp, ...(all ? checks : []), ['specs', () => specs({ words, details, covered: all })]]);
