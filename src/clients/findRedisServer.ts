import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where the redis-server program is: `$REDIS_SERVER`, else on the `PATH`; undefined where it is not. */
export function findRedisServer(env: NodeJS.ProcessEnv): string | undefined {
  const named = env.REDIS_SERVER;
  const candidates =
    named !== undefined && named !== ''
      ? [named]
      : (env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'redis-server'));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
