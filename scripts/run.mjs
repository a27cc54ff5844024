import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs a command in the project, true where it exits 0; its output is shown where it fails, or all of it if `loud`. */
export function run(command, args, { loud = false, env = process.env } = {}) {
  const stdio = loud ? 'inherit' : 'pipe';
  // The default of 1 MiB would end a linter that has much to say.
  const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', stdio, maxBuffer: 2 ** 27 });
  if (result.status === 0) return true;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`;
  if (said !== '') console.error(said);
  return false;
}

/** Runs the program of an installed package: `tool('eslint/bin/eslint.js', ['.'])`. */
export function tool(path, args, options) {
  return run(process.execPath, [join(root, 'node_modules', path), ...args], options);
}
