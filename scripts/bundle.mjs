import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { rollup } from 'rollup';
import { root } from './run.mjs';

/**
 * Puts the modules that the command line loads into few files, dist/bundle/program.js and one for each part that is loaded
 * on demand: Node takes more than a millisecond for each file of a program. Packages stay what they are, so that
 * `npm audit` and the licences of node_modules hold. Nothing is shortened: a stack trace names the functions of src.
 */

const dist = join(root, 'dist');
const output = join(dist, 'bundle');

/** version.js reads package.json beside dist. */
const isExternal = (id) => id === join(dist, 'version.js') || !(id.startsWith('.') || isAbsolute(id));

const bundle = await rollup({
  input: join(dist, 'cli/program.js'),
  external: isExternal,
  onLog(level, log) {
    throw new Error(`${level} of rollup: ${log.message}`);
  },
});
const entry = 'program.js';
const { output: files } = await bundle.generate({
  dir: output,
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  minifyInternalExports: false,
});
await bundle.close();
// The entry is written last, because scripts/setup.mjs takes it as the sign that all of the bundle is there.
mkdirSync(output, { recursive: true });
rmSync(join(output, entry), { force: true });
files.sort((a, b) => Number(a.fileName === entry) - Number(b.fileName === entry));
for (const { fileName, code } of files) writeFileSync(join(output, fileName), code);
const written = new Set(files.map(({ fileName }) => fileName));
for (const name of readdirSync(output)) if (!written.has(name)) rmSync(join(output, name));
