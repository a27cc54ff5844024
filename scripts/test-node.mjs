import { join } from 'node:path';
import { environmentOf, fetchNode, NEWEST } from './node.mjs';
import { install, root } from './setup.mjs';
import { run } from './run.mjs';

/** `npm test` on another Node, which is fetched from npm: `npm run test:node -- 24`. Further words go to `npm test`. */

const [major = '', ...further] = process.argv.slice(2);
if (!/^\d{2}$/.test(major) || Number(major) < 20) {
  console.error(`expected a major version of Node from 20 on, such as ${NEWEST}, instead of ${major || 'nothing'}`);
  process.exit(2);
}
// By the Node of this machine: its npm need not know a newer one.
if (!install()) process.exit(1);
const node = fetchNode(major);
if (node === undefined) process.exit(1);
const options = { loud: true, env: environmentOf(node) };
process.exitCode = run(node, [join(root, 'scripts/test.mjs'), ...further], options) ? 0 : 1;
