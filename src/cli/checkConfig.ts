import { stringify } from 'yaml';
import { findConfigFile, loadConfig, type LoadOptions } from '../config/load.js';
import { masked } from '../config/mask.js';

/** Prints the effective configuration, secrets masked, in the form that a file has. */
export async function checkConfig(options: LoadOptions): Promise<void> {
  const { declared } = await loadConfig(options);
  const file = await findConfigFile(options);
  process.stdout.write(
    `# ${file ?? 'no file: environment and defaults'}\n${stringify(masked(declared), { lineWidth: 0 })}`,
  );
}
