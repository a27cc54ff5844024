import { join } from 'node:path';
import { root, run } from './run.mjs';
import { build, ensureRedisServer, install } from './setup.mjs';

/**
 * The soak on a fresh clone, with its figures: 100 rounds, or as many times that as the argument says
 * (`npm run soak -- 100` for 10,000, about a quarter of an hour).
 */

const scale = process.argv[2] ?? '1';
if (!(Number(scale) >= 1)) {
  console.error(`expected a number of at least 1 instead of ${scale}`);
  process.exit(2);
}
if (!install()) process.exit(1);
const redisServer = ensureRedisServer();
if (redisServer === undefined || !build()) process.exit(1);
const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', '.build/spec/faults/soak.spec.js'];
const env = { ...process.env, REDIS_SERVER: redisServer, SPEC_SCALE: scale };
process.exitCode = run(process.execPath, mocha, { loud: true, env }) ? 0 : 1;
