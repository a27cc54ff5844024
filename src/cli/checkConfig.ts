import { stringify } from 'yaml';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { masked } from '../config/mask.js';
import { print } from './print.js';

/** Prints the effective configuration in file format, with secrets masked. Warnings go to standard error. */
export async function checkConfig(options: LoadOptions): Promise<void> {
  const { file, declared, warnings } = await loadConfig(options);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  await print(`# ${file ?? 'no file: environment and defaults'}\n${stringify(masked(declared), { lineWidth: 0 })}`);
}
