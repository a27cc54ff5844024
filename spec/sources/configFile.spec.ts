import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY, firstValueFrom, NEVER, of, Subject, take, toArray } from 'rxjs';
import type { Config } from '#src/config/config.js';
import { loadConfig } from '#src/config/load.js';
import { configChanges } from '#src/sources/configFile.js';
import { skipBecause } from '../support/skip.js';

const UUID = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

describe('configChanges', () => {
  let folder = '';
  let file = '';
  const load = async (): Promise<Config> => (await loadConfig({ file, env: {} })).config;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
    file = join(folder, 'config.yaml');
    await writeFile(file, `uuid: ${UUID}\n`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The first change after the edit; the edit is repeated until the watch, which starts in its own time, sees it. */
  async function after(edit: (n: number) => Promise<void>) {
    let n = 0;
    const again = setInterval(() => void edit((n += 1)), 200);
    try {
      return await firstValueFrom(configChanges({ file, load, hangUp$: NEVER }));
    } finally {
      clearInterval(again);
    }
  }

  it('sees a file that is written over', async () => {
    const change = await after((n) => writeFile(file, `uuid: ${UUID}\nsync: {concurrency: ${n}}\n`));
    expect(change.ok && change.config.sync.concurrency)
      .to.be.a('number')
      .at.least(1);
  });

  it('sees a file that is replaced by renaming, as editors do', async () => {
    const change = await after(async (n) => {
      await writeFile(`${file}.new`, `uuid: ${UUID}\nsync: {concurrency: ${n}}\n`);
      await rename(`${file}.new`, file);
    });
    expect(change.ok).to.equal(true);
  });

  it('tells what is wrong with a file, and lives on', async () => {
    const change = await after((n) => writeFile(file, `uuid: ${UUID}\nsyncc: ${n}\n`));
    expect(change.ok ? [] : change.problems.join()).to.match(/^syncc: unknown key; did you mean sync\?/);
  });

  it('reads again when somebody asks, changed or not', async () => {
    expect(await firstValueFrom(configChanges({ file, load, hangUp$: of('SIGHUP') }))).to.have.property('ok', true);
  });

  it('reads in turn, however often it is asked, and goes on after a failure', async () => {
    const hangUp$ = new Subject<void>();
    const loads = [() => Promise.reject(new Error('secret')), load];
    const changes = firstValueFrom(
      configChanges({ file: undefined, load: () => (loads.shift() ?? load)(), hangUp$ }).pipe(take(2), toArray()),
    );
    hangUp$.next();
    hangUp$.next();
    const [first, second] = await changes;
    expect(first).to.deep.equal({ ok: false, problems: ['could not be read'] });
    expect(second).to.have.property('ok', true);
  });

  it('sees a volume that is swapped, as Kubernetes does', async () => {
    await rm(file);
    await symlink('..data/config.yaml', file);
    const swap = async (n: number): Promise<void> => {
      await mkdir(join(folder, `..${n}`));
      await writeFile(join(folder, `..${n}`, 'config.yaml'), `uuid: ${UUID}\navailability: {fall: ${n + 10}}\n`);
      await symlink(`..${n}`, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await swap(0);
    const change = await after(swap);
    expect(change.ok && change.config.availability.fall)
      .to.be.a('number')
      .above(10);
  });

  it('watches nothing before somebody subscribes, nor after the end', function () {
    if (watches() === undefined) skipBecause(this, 'this system does not tell what is watched');
    const before = watches();
    const change$ = configChanges({ file, load, hangUp$: NEVER });
    expect(watches()).to.equal(before);
    const subscription = change$.subscribe({
      error: (error: unknown) => {
        throw error;
      },
    });
    expect(watches()).to.equal((before ?? 0) + 1);
    subscription.unsubscribe();
    expect(watches()).to.equal(before);
  });

  it('tells once where the file can’t be watched, and still reads it when asked', async () => {
    const absent = join(folder, 'absent', 'config.yaml');
    const told = await firstValueFrom(configChanges({ file: absent, load, hangUp$: of('SIGHUP') }).pipe(toArray()));
    expect(told).to.have.length(2);
    expect(told[0]).to.deep.equal({
      ok: false,
      problems: [`can't be watched (ENOENT); SIGHUP still reads it again (${absent})`],
    });
    expect(told[1]).to.have.property('ok', true);
  });

  it('nothing is watched where there is no file', async () => {
    const told = await firstValueFrom(configChanges({ file: undefined, load, hangUp$: EMPTY }).pipe(toArray()));
    expect(told).to.deep.equal([]);
  });
});

/** How many folders this process watches, where the kernel tells. */
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
