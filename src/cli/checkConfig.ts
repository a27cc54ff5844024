import { stringify } from 'yaml';
import { findConfigFile, loadConfig, type LoadOptions } from '../config/load.js';
import { masked } from '../config/mask.js';
import { print } from './print.js';

/** Prints the effective configuration, secrets masked, in the form that a file has. */
export async function checkConfig(options: LoadOptions): Promise<void> {
  const { declared } = await loadConfig(options);
  const file = await findConfigFile(options);
  await print(`# ${file ?? 'no file: environment and defaults'}\n${stringify(masked(declared), { lineWidth: 0 })}`);
}
