import { dirname, join } from 'node:path';
import { readText } from './file.js';

/** A UUID from a separate file, with the path. */
export interface UuidFile {
  readonly path: string;
  readonly uuid: string;
}

/**
 * Reads the file `uuid` beside a configuration file. A package creates it on installation, because it must not
 * change a configuration file of the administrator.
 */
export async function uuidBeside(configFile: string): Promise<UuidFile | undefined> {
  const path = join(dirname(configFile), 'uuid');
  const uuid = await readText(path).then(
    (text) => text.trim(),
    () => undefined,
  );
  return uuid === undefined ? undefined : { path, uuid };
}
