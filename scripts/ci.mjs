import { fetchNode, NEWEST } from './node.mjs';
import { specs } from './specs.mjs';
import { checks, conclude, setUp } from './stages.mjs';

/** `npm test`, and then the specs that run the built program once more on the newest Node. */

let newest;
conclude([
  ...setUp,
  ...checks,
  ['specs', () => specs({ covered: true })],
  [`Node ${NEWEST}`, () => (newest = fetchNode(NEWEST)) !== undefined],
  [`specs of the process on Node ${NEWEST}`, () => specs({ words: ['spec/process'], node: newest })],
]);
