import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { link, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, NEVER, Observable, Subject, take, throwError, toArray } from 'rxjs';
import { fileChanges, type Step } from '#src/sources/fileChanges.js';
import { eventually } from '../support/eventually.js';
import { skipBecause } from '../support/skip.js';

describe('fileChanges', () => {
  let folder = '';
  let file = '';
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'changes-')));
    file = join(folder, 'a', 'config.yaml');
    await mkdir(join(folder, 'a'));
    await writeFile(file, '');
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Every step that is watched for a file, those within our folder, by their paths. */
  const stepsOf = async (path: string): Promise<readonly string[]> => {
    const steps: string[] = [];
    const watch = (step: Step): Observable<unknown> => {
      steps.push(join(step.folder, step.name));
      return NEVER;
    };
    await firstValueFrom(fileChanges(path, watch));
    return steps.filter((step) => step.startsWith(`${folder}/`)).map((step) => step.slice(folder.length + 1));
  };

  it('watches each folder on the way for the name that leads on, through every link', async () => {
    await symlink(join(folder, 'b'), join(folder, 'a', 'away'));
    await mkdir(join(folder, 'b', 'c'), { recursive: true });
    await symlink('../../a/config.yaml', join(folder, 'b', 'c', 'link.yaml'));
    expect(await stepsOf(file)).to.deep.equal(['a', 'a/config.yaml']);
    expect(await stepsOf(join(folder, 'a', 'away', 'c', '.', 'link.yaml'))).to.deep.equal([
      'a',
      'a/away',
      'b',
      'b/c',
      'b/c/link.yaml',
      'a',
      'a/config.yaml',
    ]);
  });

  it('watches as far as there is a way, and follows no circle', async () => {
    expect(await stepsOf(join(folder, 'a', 'absent', 'config.yaml'))).to.deep.equal(['a', 'a/absent']);
    expect(await stepsOf(join(file, 'below'))).to.deep.equal(['a', 'a/config.yaml', 'a/config.yaml/below']);
    await symlink('circle', join(folder, 'circle'));
    expect((await stepsOf(join(folder, 'circle'))).every((step) => step === 'circle')).to.equal(true);
  });

  it('errors where the folder of the file can’t be watched, and not for one further up', async () => {
    const refusing = (name: string) => (step: Step) =>
      step.name === name ? throwError(() => Object.assign(new Error(), { code: 'EACCES' })) : NEVER;
    await firstValueFrom(fileChanges(file, refusing('a')));
    const refused = firstValueFrom(fileChanges(file, refusing('config.yaml')).pipe(toArray()));
    expect(await refused.catch((error: unknown) => error)).to.have.property('code', 'EACCES');
  });

  it('fires at the beginning, and at each change', async () => {
    let n = 0;
    const again = setInterval(() => void writeFile(file, String((n += 1))), 20);
    try {
      expect(await firstValueFrom(fileChanges(file).pipe(take(3), toArray()))).to.have.length(3);
    } finally {
      clearInterval(again);
    }
  });

  it('hears of an edit of the file itself where nothing is heard of its folder, also of the one that came in its place', async () => {
    const seen: unknown[] = [];
    const own = join(folder, 'elsewhere.yaml');
    // One inode, as where a file alone is mounted: what is written under the other name is no event of this folder.
    await rm(file);
    await writeFile(own, '');
    await link(own, file);
    const renamed$ = new Subject<undefined>();
    const subscription = fileChanges(file, () => renamed$).subscribe({
      next: (change) => seen.push(change),
      error: (error: unknown) => {
        throw error;
      },
    });
    const edited = async (place: string): Promise<void> => {
      const before = seen.length;
      await eventually(async () => {
        await writeFile(place, String(Math.random()));
        expect(seen.length).to.be.greaterThan(before);
      });
    };
    try {
      await eventually(() => {
        expect(seen).to.have.length(1);
      });
      await edited(own);
      await writeFile(join(folder, 'next.yaml'), '');
      await rename(join(folder, 'next.yaml'), file);
      const before = seen.length;
      renamed$.next(undefined);
      await eventually(() => {
        expect(seen).to.have.length(before + 2);
      });
      await link(file, join(folder, 'another.yaml'));
      await edited(join(folder, 'another.yaml'));
    } finally {
      subscription.unsubscribe();
    }
  });

  it('watches nothing before it is subscribed to, nor after the end', async function () {
    if (watches() === undefined) skipBecause(this, 'this system does not tell what is watched');
    const before = watches() ?? 0;
    const change$ = fileChanges(file);
    expect(watches()).to.equal(before);
    const subscription = change$.subscribe({
      error: (error: unknown) => {
        throw error;
      },
    });
    await eventually(() => {
      expect(watches()).to.be.greaterThan(before);
    });
    subscription.unsubscribe();
    expect(watches()).to.equal(before);
  });
});

/** How many folders this process watches, where the kernel says so. */
function watches(): number | undefined {
  const place = '/proc/self/fdinfo';
  if (!existsSync(place)) return undefined;
  const infos = readdirSync(place).map((name) => {
    try {
      return readFileSync(join(place, name), 'utf8');
    } catch {
      return '';
    }
  });
  return infos.join('\n').match(/^inotify wd/gm)?.length ?? 0;
}
