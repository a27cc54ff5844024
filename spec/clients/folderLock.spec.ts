import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isListening, takeLock } from '#src/clients/folderLock.js';

describe('takeLock', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is for one at a time', async () => {
    const path = join(folder, 'lock');
    const release = await takeLock(path);
    expect(await isListening(path)).to.equal(true);
    expect(await takeLock(path)).to.equal(undefined);
    release?.();
    const again = await takeLock(path);
    expect(again).to.be.a('function');
    again?.();
  });

  it('is for one of many that come at once, be there a leftover or not', async () => {
    for (const left of [false, true]) {
      const path = join(folder, String(left));
      if (left) await writeFile(path, 'left by a process that was killed');
      const releases = (await Promise.all(Array.from({ length: 10 }, () => takeLock(path)))).filter(Boolean);
      expect(releases).to.have.length(1);
      for (const release of releases) release?.();
    }
  });

  it('says so where nobody could hold it', async () => {
    const refused = await takeLock(join(folder, 'nowhere', 'lock')).catch((error: unknown) => String(error));
    expect(refused).to.match(/EACCES|ENOENT/);
  });
});
