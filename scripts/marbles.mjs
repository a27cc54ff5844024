import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diagrams } from './marbles/diagrams.mjs';
import { draw } from './marbles/draw.mjs';
import { root } from './run.mjs';

/**
 * Draws docs/images/marbles/*.svg from the very specs: runs them, and takes down the diagrams that they check. With
 * --check nothing is written, and the exit code is 1 where a picture is not current.
 */

const FOLDER = join(root, 'docs/images/marbles');

function recorded() {
  const folder = mkdtempSync(join(tmpdir(), 'marbles-'));
  const file = join(folder, 'recorded.jsonl');
  const specs = [...new Set(diagrams.map(({ spec }) => `.build/spec/${spec}.spec.js`))];
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [mocha, '--no-config', ...specs], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, RECORD_MARBLES: file },
  });
  if (status !== 0) throw new Error(`the specs do not pass:\n${stdout}${stderr}`);
  const found = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  rmSync(folder, { recursive: true });
  return new Map(found.map(({ title, lines }) => [title, lines]));
}

const byTitle = recorded();
mkdirSync(FOLDER, { recursive: true });
for (const diagram of diagrams) {
  const lines = byTitle.get(diagram.title);
  if (lines === undefined) throw new Error(`no spec is named "${diagram.title}"`);
  const path = join(FOLDER, `${diagram.image}.svg`);
  const svg = draw(diagram, lines);
  if (existsSync(path) && readFileSync(path, 'utf8') === svg) continue;
  if (process.argv.includes('--check')) {
    console.error(`docs/images/marbles/${diagram.image}.svg is not current: node scripts/marbles.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, svg);
    console.log(`wrote ${diagram.image}.svg`);
  }
}
