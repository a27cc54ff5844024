import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DIST = dirname(fileURLToPath(import.meta.resolve('#src/main.js')));

describe('the modules', () => {
  it('can each be loaded, and do nothing by that', async () => {
    const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter(
      // The page is for browsers.
      (name) => name.endsWith('.js') && name !== 'main.js' && !name.startsWith('page'),
    );
    expect(files.length).to.be.greaterThan(50);
    const before = process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|FSEvent|Signal/.test(kind)).length;
    for (const name of files) await import(pathToFileURL(join(DIST, name)).href);
    const after = process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|FSEvent|Signal/.test(kind)).length;
    expect(after).to.be.at.most(before);
  });
});
