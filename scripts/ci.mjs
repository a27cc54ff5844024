import { fetchNode, NEWEST } from './node.mjs';
import { specs } from './specs.mjs';
import { checks, conclude, setUp } from './stages.mjs';

/** `npm test`, and then what is most of the built program's own once more on the newest Node, which takes a few minutes. */

const OWN = ['run', 'signals', 'fault', 'commands', 'log', 'status', 'leader', 'package'];

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
