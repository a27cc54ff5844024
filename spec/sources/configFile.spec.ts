import { expect } from 'chai';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, NEVER, of, Subject, take, tap, toArray } from 'rxjs';
import type { Config } from '#src/config/config.js';
import { loadConfig } from '#src/config/load.js';
import { configChanges } from '#src/sources/configFile.js';

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

  it('nothing is watched where there is no file', async () => {
    let told = 0;
    await new Promise<void>((done) => {
      configChanges({ file: undefined, load, hangUp$: of() })
        .pipe(tap(() => (told += 1)))
        .subscribe({ complete: done });
    });
    expect(told).to.equal(0);
  });
});
