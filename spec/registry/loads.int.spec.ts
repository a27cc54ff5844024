import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../support/clone.js';

/** The files that are loaded by an import, as the coverage of V8 has them. */
function loadedBy(specifier: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'loads-'));
  try {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', `await import('${specifier}')`],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: folder } },
    );
    expect(status, stderr).to.equal(0);
    return readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
      return result
        .filter(({ url }) => url.startsWith('file:') && !url.includes('[eval'))
        .map(({ url }) => relative(ROOT, fileURLToPath(url)));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('what an API loads', () => {
  it('with the registry is the rules, and no client of Redis', () => {
    const files = loadedBy('consumer-scheduler/registry');
    expect(files).to.include('dist/registry.js');
    for (const file of files) {
      expect(file).to.match(/^(dist\/(registry\b|domain\/|clients\/replies\.js)|node_modules\/ipaddr\.js\/)/);
    }
  });

  it('with the calls is the rules and zod', () => {
    const files = loadedBy('consumer-scheduler/wire');
    expect(files).to.include('dist/wire.js');
    for (const file of files) expect(file).to.match(/^(dist\/(wire\.js|domain\/)|node_modules\/(ipaddr\.js|zod)\/)/);
  });
});
