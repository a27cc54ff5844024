import { spawn } from 'node:child_process';
import { readSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { parseArgs } from 'node:util';
import { build, ensureRedisServer, install, root } from './setup.mjs';

/** The demo on a fresh clone: sets up what is missing, then plays it. */

const PLAYS = {
  demo: { file: 'demo.js', chapters: ['failures', 'offline', 'ip'] },
  replicas: { file: 'demoReplicas.js', chapters: [] },
};

const HELP = `Usage: npm run demo -- [replicas] [options]

Plays the real program on loopback: 20 consumers and 5 producers, of which some
fail, our own line is cut, and our public IP changes. With the word replicas:
three schedulers share a registry, and one of them is killed.

  --fast            no pauses for a viewer, and shorter intervals
  --chapter <name>  only this one after the beginning: failures, offline or ip
  --once            end after the last chapter, also on a terminal
  -y, --yes         install redis-server without asking, where it is missing
  -h, --help        this text
`;

const words = readWords();
if (words.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

// In a pipe all of it is one stream, in the order in which it came.
const stdio = ['inherit', 'inherit', process.stdout.isTTY ? 'inherit' : 1];
if (!process.stdout.isTTY) console.error = console.log;
if (!install()) process.exit(1);
const redisServer = ensureRedisServer((manager) => words.yes || isAgreed(manager));
if (redisServer === undefined || !build()) process.exit(1);

const demo = spawn(process.execPath, [join(root, '.build', 'swarm', PLAYS[words.play].file), ...words.passed], {
  stdio,
  env: { ...process.env, REDIS_SERVER: redisServer },
});
// A Ctrl-C goes to the demo as well, which ends what it started; this waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
demo.on('exit', (code) => process.exit(code ?? 1));

/** What was asked for; ends with 2 where that is not possible. */
function readWords() {
  const options = {
    fast: { type: 'boolean' },
    chapter: { type: 'string' },
    once: { type: 'boolean' },
    yes: { type: 'boolean', short: 'y' },
    help: { type: 'boolean', short: 'h' },
  };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const { help = false, yes = false, chapter } = values;
    const [play = 'demo', ...more] = positionals;
    if (!(play in PLAYS) || more.length > 0) throw new Error(`no such demo: ${positionals.join(' ')}`);
    const { chapters } = PLAYS[play];
    if (chapter !== undefined && !chapters.includes(chapter)) {
      const known = chapters.length > 0 ? `expected ${chapters.join(', ')}` : 'this demo is played as a whole';
      throw new Error(`--chapter ${chapter}: ${known}`);
    }
    const passed = [values.fast && '--fast', values.once && '--once', ...(chapter ? ['--chapter', chapter] : [])];
    return { play, help, yes, passed: passed.filter(Boolean) };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

/** Whether a package of the system may be installed; where nobody can be asked, it is. */
function isAgreed(manager) {
  // Not by process.stdin: to touch it makes it non-blocking.
  if (!isatty(0) || !isatty(1)) return true;
  process.stdout.write(`The demo needs a real redis-server. Install it with ${manager}? [Y/n] `);
  const answer = Buffer.alloc(16);
  return /^\s*(y|yes)?\s*$/i.test(answer.toString('utf8', 0, readSync(0, answer)));
}
