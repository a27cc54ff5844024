import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, ensureRedisServer, install, root } from './setup.mjs';

/**
 * The demo on a fresh clone: sets up what is missing, then plays it, or with the word `replicas` the one of several
 * schedulers. `--once` ends it after the last chapter also on a terminal, and `--quick` leaves out the pauses.
 */

const words = process.argv.slice(2);
const plays = { replicas: 'demoReplicas.js' };
const [unknown] = words.filter((word) => !word.startsWith('--') && !(word in plays));
if (unknown !== undefined) {
  console.error(`no such demo: ${unknown}; there are "npm run demo" and "npm run demo -- replicas"`);
  process.exit(2);
}

if (!install()) process.exit(1);
const redisServer = ensureRedisServer();
if (redisServer === undefined || !build()) process.exit(1);

const demo = spawn(process.execPath, [join(root, '.build', 'swarm', plays[words[0]] ?? 'demo.js'), ...words], {
  stdio: 'inherit',
  env: { ...process.env, REDIS_SERVER: redisServer },
});
// A Ctrl-C goes to the demo as well, which ends what it started; this waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
demo.on('exit', (code) => process.exit(code ?? 1));
