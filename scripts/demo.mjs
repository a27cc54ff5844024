import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, ensureRedisServer, install, root } from './setup.mjs';

/**
 * The demo on a fresh clone: sets up what is missing, then plays it. `--once` ends it after the last chapter also on a
 * terminal, and `--quick` leaves out the pauses.
 */

if (!install()) process.exit(1);
const redisServer = ensureRedisServer();
if (redisServer === undefined || !build()) process.exit(1);

const demo = spawn(process.execPath, [join(root, '.build', 'swarm', 'demo.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, REDIS_SERVER: redisServer },
});
// A Ctrl-C goes to the demo as well, which ends what it started; this waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
demo.on('exit', (code) => process.exit(code ?? 1));
