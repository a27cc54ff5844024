import { expect } from 'chai';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, NEVER, of, Subject, take, throwError, toArray } from 'rxjs';
import type { Config } from '#src/config/config.js';
import { loadConfig, rereading, type Loaded } from '#src/config/load.js';
import { configChanges, type ConfigChange, type ConfigFileOptions } from '#src/sources/configFile.js';
import { eventually } from '../support/eventually.js';

const UUID = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const text = (concurrency: number): string => `uuid: ${UUID}\nsync: {concurrency: ${concurrency}}\n`;
const concurrencyOf = (change: ConfigChange): unknown => (change.ok ? change.config.sync.concurrency : change.problems);

describe('configChanges', () => {
  let folder = '';
  let file = '';
  let loaded: Loaded;
  const options = () => ({ file, env: { LOCAL_UUID: UUID } });
  const load = async (): Promise<Config> => (await rereading(loaded, options())()).config;

  /** Starts with this text, at this place. */
  const begin = async (place = file, concurrency = 1): Promise<void> => {
    await writeFile(place, text(concurrency));
    loaded = await loadConfig(options());
  };
  const changes = (over: Partial<ConfigFileOptions> = {}) =>
    configChanges({ file, text: loaded.text, load, sighup$: NEVER, ...over });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
    file = join(folder, 'config.yaml');
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe('follows a file', () => {
    /** What there is to say of each edit in turn; the next one is made when the one before has been seen. */
    const after = async (...edits: (() => Promise<unknown>)[]): Promise<unknown[]> => {
      const seen: unknown[] = [];
      const next = async (): Promise<void> => {
        await edits[seen.length]?.();
      };
      const subscription = changes().subscribe({
        next: (change) => {
          seen.push(concurrencyOf(change));
          void next();
        },
        error: (error: unknown) => {
          seen.push(error);
        },
      });
      try {
        await next();
        await eventually(() => {
          expect(seen).to.have.length(edits.length);
        });
        return seen;
      } finally {
        subscription.unsubscribe();
      }
    };
    const replaceBy = async (path: string, make: (path: string) => Promise<unknown>): Promise<void> => {
      await make(`${path}.new`);
      await rename(`${path}.new`, path);
    };

    it('that is written over', async () => {
      await begin();
      expect(
        await after(
          () => writeFile(file, text(2)),
          () => writeFile(file, text(3)),
        ),
      ).to.deep.equal([2, 3]);
    });

    it('that is replaced by renaming, as editors do', async () => {
      await begin();
      const replace = (n: number) => () => replaceBy(file, (path) => writeFile(path, text(n)));
      expect(await after(replace(2), replace(3))).to.deep.equal([2, 3]);
    });

    it('that changed after it was read and before it was watched', async () => {
      await begin();
      await writeFile(file, text(2));
      expect(await after(() => Promise.resolve())).to.deep.equal([2]);
    });

    it('in a volume that is swapped, as Kubernetes does', async () => {
      const swap = async (n: number): Promise<void> => {
        await mkdir(join(folder, `..${n}`));
        await writeFile(join(folder, `..${n}`, 'config.yaml'), text(n));
        await replaceBy(join(folder, '..data'), (path) => symlink(`..${n}`, path));
      };
      await swap(1);
      await symlink('..data/config.yaml', file);
      loaded = await loadConfig(options());
      expect(
        await after(
          () => swap(2),
          () => swap(3),
        ),
      ).to.deep.equal([2, 3]);
    });

    describe('that is a link into another folder', () => {
      let target: string;
      beforeEach(async () => {
        await mkdir(join(folder, 'elsewhere'));
        target = join(folder, 'elsewhere', 'target.yaml');
        await symlink(join('elsewhere', 'target.yaml'), file);
        await begin(target);
      });

      it('where the target is written over', async () => {
        expect(await after(() => writeFile(target, text(2)))).to.deep.equal([2]);
      });

      it('where the target is replaced', async () => {
        const replace = (n: number) => () => replaceBy(target, (path) => writeFile(path, text(n)));
        expect(await after(replace(2), replace(3))).to.deep.equal([2, 3]);
      });

      it('where the link is led to another target, and that one is edited', async () => {
        const other = join(folder, 'other.yaml');
        await writeFile(other, text(2));
        expect(
          await after(
            () => replaceBy(file, (path) => symlink(other, path)),
            () => writeFile(other, text(3)),
          ),
        ).to.deep.equal([2, 3]);
      });

      it('where a link on the way is led elsewhere', async () => {
        const middle = join(folder, 'middle.yaml');
        await symlink(target, middle);
        await replaceBy(file, (path) => symlink('middle.yaml', path));
        await writeFile(join(folder, 'other.yaml'), text(2));
        expect(await after(() => replaceBy(middle, (path) => symlink('other.yaml', path)))).to.deep.equal([2]);
      });

      it('where a folder on the way is a link that is led elsewhere', async () => {
        await symlink('elsewhere', join(folder, 'by'));
        await replaceBy(file, (path) => symlink(join('by', 'target.yaml'), path));
        await mkdir(join(folder, 'third'));
        await writeFile(join(folder, 'third', 'target.yaml'), text(2));
        expect(
          await after(
            () => replaceBy(join(folder, 'by'), (path) => symlink('third', path)),
            () => writeFile(join(folder, 'third', 'target.yaml'), text(3)),
          ),
        ).to.deep.equal([2, 3]);
      });
    });

    describe('whose folder', () => {
      beforeEach(async () => {
        await mkdir(join(folder, 'own'));
        file = join(folder, 'own', 'config.yaml');
        await begin();
      });

      it('is replaced by another', async () => {
        await mkdir(join(folder, 'next'));
        await writeFile(join(folder, 'next', 'config.yaml'), text(2));
        const seen = await after(
          () => rename(join(folder, 'own'), join(folder, 'before')),
          () => rename(join(folder, 'next'), join(folder, 'own')),
          () => writeFile(file, text(3)),
        );
        expect(seen).to.deep.equal([[`no such file (${file})`], 2, 3]);
      });

      it('is removed, and made anew with the file in it', async () => {
        const seen = await after(
          () => rm(join(folder, 'own'), { recursive: true }),
          async () => {
            await mkdir(join(folder, 'own'));
            await writeFile(file, text(2));
          },
        );
        expect(seen).to.deep.equal([[`no such file (${file})`], 2]);
      });
    });

    describe('and says why the configuration in force stays', () => {
      it('where the file is not valid', async () => {
        await begin();
        const [problems] = await after(() => writeFile(file, `uuid: ${UUID}\nsyncc: 1\n`));
        expect(String(problems)).to.match(/^syncc: unknown key; did you mean sync\?/);
      });

      it('where the file is moved away, and goes on when it is back', async () => {
        await begin();
        const seen = await after(
          () => rename(file, `${file}.away`),
          () => rename(`${file}.away`, file),
        );
        expect(seen).to.deep.equal([[`no such file (${file})`], 1]);
      });

      it('where the file is truncated, and goes on when its text is back', async () => {
        await begin();
        const seen = await after(
          () => writeFile(file, ''),
          () => writeFile(file, text(1)),
        );
        expect(seen).to.deep.equal([[`the file has no settings (${file})`], 1]);
      });

      it('where a folder is in its place', async () => {
        await begin();
        const seen = await after(
          () => rm(file),
          () => mkdir(file),
        );
        expect(seen).to.deep.equal([[`no such file (${file})`], [`is a folder, not a file (${file})`]]);
      });
    });
  });

  describe('without the real file', () => {
    beforeEach(() => begin());

    it('reads nothing again where the text is the same', async () => {
      const fileChange$ = new Subject<void>();
      let current = loaded.text ?? '';
      let looked = 0;
      const reads: string[] = [];
      const first = firstValueFrom(
        changes({
          fileChange$,
          readNow: () => {
            looked += 1;
            return Promise.resolve(current);
          },
          load: () => {
            reads.push(current);
            return load();
          },
        }),
      );
      fileChange$.next();
      await eventually(() => {
        expect(looked).to.equal(1);
      });
      current = text(2);
      fileChange$.next();
      await first;
      expect(reads).to.deep.equal([text(2)]);
    });

    it('reads again when it is asked to, changed or not', async () => {
      expect(await firstValueFrom(changes({ sighup$: of('SIGHUP') }))).to.have.property('ok', true);
    });

    it('reads in turn, however often it is asked, and goes on after a failure', async () => {
      const sighup$ = new Subject<void>();
      const loads = [() => Promise.reject(new Error('secret')), load];
      const seen = firstValueFrom(
        changes({ fileChange$: NEVER, load: () => (loads.shift() ?? load)(), sighup$ }).pipe(take(2), toArray()),
      );
      sighup$.next();
      sighup$.next();
      const [first, second] = await seen;
      expect(first).to.deep.equal({ ok: false, problems: ['could not be read'] });
      expect(second).to.have.property('ok', true);
    });

    it('says once where the file can’t be watched, and still reads it when asked', async () => {
      const fileChange$ = throwError(() => Object.assign(new Error('secret'), { code: 'EACCES' }));
      const [first, second] = await firstValueFrom(changes({ fileChange$, sighup$: of('SIGHUP') }).pipe(toArray()));
      expect(first).to.deep.equal({
        ok: false,
        problems: [`can't be watched (EACCES); SIGHUP still reads it again (${file})`],
      });
      expect(second).to.have.property('ok', true);
    });

    it('watches nothing where there is no file', async () => {
      const sighup$ = of('SIGHUP');
      const seen = await firstValueFrom(changes({ file: undefined, text: undefined, sighup$ }).pipe(toArray()));
      expect(seen).to.have.length(1);
    });
  });
});
