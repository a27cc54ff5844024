import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findRedisServer } from '#src/clients/findRedisServer.js';

/** A redis-server program made of a shell script, in which `$REDIS` is the real one and `"$@"` what it is to be given. */
export async function redisProgram(folder: string, script: string): Promise<string> {
  const program = join(folder, 'redis-program');
  await writeFile(program, `#!/bin/sh\nREDIS='${findRedisServer(process.env) ?? ''}'\n${script}\n`);
  await chmod(program, 0o700);
  return program;
}
