import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from '../scripts/setup.mjs';
import { growth } from './plot.mjs';

/**
 * The whole bench, one part after the other: tables in Markdown, each with a line of JSON. It takes about half an hour on
 * two cores, and wants a machine that does nothing else.
 *
 * node bench/all.mjs [--short] [--plots FOLDER]: with --short each part does the least that it can.
 */

const words = process.argv.slice(2);
const short = words.includes('--short');
const at = words.indexOf('--plots');
const folder = at === -1 ? undefined : words[at + 1];
if (at !== -1 && folder === undefined) {
  console.error('--plots: expected a folder');
  process.exit(2);
}

/** The parts, with the words of the short form. */
const PARTS = {
  cost: ['20', '1'],
  redis: ['50', '1', '1'],
  start: ['1', '50'],
  ipChange: ['20', '1'],
  spread: ['50', '2'],
  deadWeight: ['20'],
  overload: ['3'],
  registry: ['1000'],
};

if (!build()) process.exit(1);
const found = {};
for (const [part, few] of Object.entries(PARTS)) {
  const script = fileURLToPath(new URL(`./${part}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [script, ...(short ? few : [])], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    if (line.startsWith('{"title"')) found[part] = JSON.parse(line);
  });
  const [code] = await once(child, 'close');
  if (code !== 0 || found[part] === undefined) {
    console.error(`bench/${part}.mjs ended with ${code}`);
    process.exitCode = 1;
  }
}
if (folder !== undefined) {
  for (const [name, svg] of Object.entries(growth(found.cost))) writeFileSync(join(folder, `${name}.svg`), svg);
}
