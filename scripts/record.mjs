import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build, ensureRedisServer, install, root } from './setup.mjs';

/** Plays the demo and makes docs/images/demo.svg of what it printed, line by line, in the time that it took. */

const COLUMNS = 80;
const ROWS = 24;
const LINE = 17;
const CHARACTER = 7.83;
const EDGE = 16;
/** How long the last lines stay before it begins anew, in milliseconds. */
const REST_MS = 6_000;
/** What a line of the demo begins with, and its class. */
const CLASSES = [
  [/^── /, 'chapter'],
  [/^→ /, 'hint'],
  [/^= /, 'sum'],
  [/^\S+ ▲/, 'warn'],
  [/^\S+ ✖/, 'error'],
];

if (!install()) process.exit(1);
const redisServer = ensureRedisServer();
if (redisServer === undefined || !build()) process.exit(1);

const startedAt = Date.now();
const shown = [];
const demo = spawn(process.execPath, [join(root, '.build/swarm/demo.js'), '--fast'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, REDIS_SERVER: redisServer, COLUMNS: String(COLUMNS) },
});
createInterface({ input: demo.stdout }).on('line', (text) => shown.push({ text, ms: Date.now() - startedAt }));
const [code] = await once(demo, 'close');
if (code !== 0) process.exit(1);
const file = join(root, 'docs/images/demo.svg');
writeFileSync(file, drawing(shown));
console.log(`wrote ${file}`);

function drawing(lines) {
  const [begin] = lines.map(({ ms }) => ms);
  const lastMs = lines.at(-1).ms - begin + REST_MS;
  const width = COLUMNS * CHARACTER + 2 * EDGE;
  const height = ROWS * LINE + 2 * EDGE;
  // The newest line stands at the bottom; a step for each line, at the time at which it came.
  const steps = lines.map(({ ms }, i) => {
    const percent = (((ms - begin) / lastMs) * 100).toFixed(2);
    return `${percent}%{transform:translateY(${(ROWS - 1 - i) * LINE}px)}`;
  });
  const end = `translateY(${(ROWS - lines.length) * LINE}px)`;
  let wasClass = '';
  const texts = lines.map(({ text }, i) => {
    // What a line goes on with stands under it, and looks like it.
    const own = CLASSES.find(([start]) => start.test(text))?.[1] ?? (/^ {2}/.test(text) ? wasClass : '');
    wasClass = own;
    const id = own === '' ? '' : ` class="${own}"`;
    return `<text y="${(i + 1) * LINE - 4}"${id}>${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A recording of npm run demo">
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d6deeb;white-space:pre}
.chapter{fill:#c792ea;font-weight:bold}.hint{fill:#addb67}.sum{fill:#7fdbca;font-weight:bold}.warn{fill:#ecc48d}.error{fill:#ff6b6b}
#lines{animation:play ${(lastMs / 1_000).toFixed(2)}s step-end infinite}
@keyframes play{${steps.join('')}100%{transform:${end}}}
@media(prefers-reduced-motion:reduce){#lines{animation:none;transform:${end}}}
</style>
<clipPath id="screen"><rect width="${width - 2 * EDGE}" height="${ROWS * LINE}"/></clipPath>
<rect width="${width}" height="${height}" rx="8" fill="#10161f"/>
<g transform="translate(${EDGE} ${EDGE})" clip-path="url(#screen)"><g id="lines">
${texts.join('\n')}
</g></g>
</svg>
`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
