import { expect } from 'chai';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../spec/transcripts/', import.meta.url));
/** Whether the files are to be written rather than compared. */
const UPDATING = process.env.UPDATE_TRANSCRIPTS === '1';

/** Holds a text against `spec/transcripts/<name>.txt`, or makes it that file where this is asked for. */
export function expectKept(name: string, text: string): void {
  const file = join(FOLDER, `${name}.txt`);
  if (UPDATING) {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  const kept = readFileSync(file, 'utf8');
  expect(text, `npm run transcripts takes the change over into spec/transcripts/${name}.txt`).to.equal(kept);
}
