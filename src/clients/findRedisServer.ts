import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of the redis-server program: `$REDIS_SERVER`, else from the `PATH`; undefined if there is none. */
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
