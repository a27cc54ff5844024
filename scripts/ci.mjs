import { fetchNode, NEWEST } from './node.mjs';
import { specs } from './specs.mjs';
import { checks, conclude, setUp } from './stages.mjs';

/** `npm test`, and then the built program once more on the newest Node, as far as the time of a CI allows. */

const OWN = ['signals', 'fault', 'log'];

let newest;
conclude([
  ...setUp,
  ...checks,
  ['specs', () => specs({ covered: true })],
  [`Node ${NEWEST}`, () => (newest = fetchNode(NEWEST)) !== undefined],
  [
    `specs of the process on Node ${NEWEST}`,
    () => specs({ words: OWN.map((name) => `spec/process/${name}.int.spec.ts`), node: newest }),
  ],
]);
