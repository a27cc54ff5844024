import { dirname, join } from 'node:path';
import { readText } from './file.js';

/** A UUID in a file of its own, and where that is. */
export interface UuidFile {
  readonly path: string;
  readonly uuid: string;
}

/**
 * What stands in the file `uuid` beside a configuration file: a package makes that when it is installed, since it may
 * not change a configuration that belongs to the administrator.
 */
export async function uuidBeside(configFile: string): Promise<UuidFile | undefined> {
  const path = join(dirname(configFile), 'uuid');
  const uuid = await readText(path).then(
    (text) => text.trim(),
    () => undefined,
  );
  return uuid === undefined ? undefined : { path, uuid };
}
