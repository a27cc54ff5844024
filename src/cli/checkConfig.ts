import { stringify } from 'yaml';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { masked } from '../config/mask.js';

/** Prints the effective configuration, secrets masked, in the form that a file has; warnings go to standard error. */
export async function checkConfig(options: LoadOptions): Promise<void> {
  const { file, declared, warnings } = await loadConfig(options);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write(
    `# ${file ?? 'no file: environment and defaults'}\n${stringify(masked(declared), { lineWidth: 0 })}`,
  );
}
