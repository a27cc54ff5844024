import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  catchError,
  concatMap,
  debounceTime,
  defer,
  distinctUntilChanged,
  EMPTY,
  from,
  map,
  merge,
  Observable,
  of,
  skip,
} from 'rxjs';
import type { Config } from '../config/config.js';
import { ConfigError, printed } from '../config/problem.js';

/** A configuration read again: the new one, or what is wrong with it. */
export type ConfigChange =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

export interface ConfigFileOptions {
  /** The file to watch, if there is one. */
  readonly file: string | undefined;
  readonly load: () => Promise<Config>;
  readonly hangUp$: Observable<unknown>;
}

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

/** The configuration each time that its file changed, or somebody asked. What can't be read is told and changes nothing. */
export function configChanges({ file, load, hangUp$ }: ConfigFileOptions): Observable<ConfigChange> {
  const edited$ = file === undefined ? EMPTY : edits(file);
  return merge(edited$, hangUp$).pipe(
    concatMap(() =>
      defer(() => from(load())).pipe(
        map((config): ConfigChange => ({ ok: true, config })),
        catchError((error: unknown) => of<ConfigChange>({ ok: false, problems: problemsIn(error) })),
      ),
    ),
  );
}

/** Fires when the content has changed. The folder is watched, since editors and volumes replace files by renaming. */
function edits(file: string): Observable<unknown> {
  const content$ = defer(() => from(readFile(file, 'utf8').catch(() => undefined)));
  return merge(of(undefined), stirs(dirname(file), basename(file)).pipe(debounceTime(SETTLE_MS))).pipe(
    concatMap(() => content$),
    distinctUntilChanged(),
    skip(1),
  );
}

function stirs(folder: string, name: string): Observable<unknown> {
  return new Observable((subscriber) => {
    const watcher = watch(folder, { persistent: false }, (_, changed) => {
      // A volume of Kubernetes swaps a link with another name.
      if (changed === null || changed === name || changed.startsWith('..')) subscriber.next(changed);
    });
    // A folder that can't be watched any more leaves SIGHUP.
    watcher.on('error', () => undefined);
    return () => {
      watcher.close();
    };
  });
}

function problemsIn(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.problems.map(printed) : ['could not be read'];
}
