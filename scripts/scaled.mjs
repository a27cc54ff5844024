import { join } from 'node:path';
import { root, run } from './run.mjs';
import { build, ensureRedisServer, install } from './setup.mjs';

/**
 * Runs specs that do more the more is asked for, on a fresh clone too, with their figures: as much as in `npm test`, or
 * as many times that as the first argument says. Further arguments go to mocha.
 */
export function runScaled(...specs) {
  const [scale = '1', ...further] = process.argv.slice(2);
  if (!(Number(scale) >= 1)) {
    console.error(`expected a number of at least 1 instead of ${scale}`);
    process.exit(2);
  }
  if (!install()) process.exit(1);
  const redisServer = ensureRedisServer();
  if (redisServer === undefined || !build()) process.exit(1);
  const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', '--timeout', '60000', ...specs];
  const env = { ...process.env, REDIS_SERVER: redisServer, SPEC_SCALE: scale };
  process.exitCode = run(process.execPath, [...mocha, ...further], { loud: true, env }) ? 0 : 1;
}
