import { watch } from 'node:fs';
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
import { readText } from '../config/file.js';
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

/**
 * The configuration each time that its file changed, or somebody asked. What can't be read is told and changes nothing;
 * where the file can't be watched, that is told once, and there is still the asking. Never errors.
 */
export function configChanges({ file, load, hangUp$ }: ConfigFileOptions): Observable<ConfigChange> {
  const loaded$ = defer(() => from(load())).pipe(
    map((config): ConfigChange => ({ ok: true, config })),
    catchError((error: unknown) => of<ConfigChange>({ ok: false, problems: problemsIn(error) })),
  );
  const edited$ = file === undefined ? EMPTY : edits(file);
  return merge(
    edited$.pipe(
      map(() => loaded$),
      catchError((error: unknown) => of(of<ConfigChange>({ ok: false, problems: [unwatched(file, error)] }))),
    ),
    hangUp$.pipe(map(() => loaded$)),
  ).pipe(concatMap((change$) => change$));
}

/** Fires when the content has changed. The folder is watched, since editors and volumes replace files by renaming. */
function edits(file: string): Observable<unknown> {
  const content$ = defer(() => from(readText(file).catch(() => undefined)));
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
    watcher.on('error', (error) => {
      subscriber.error(error);
    });
    return () => {
      watcher.close();
    };
  });
}

function problemsIn(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.problems.map(printed) : ['could not be read'];
}

function unwatched(file: string | undefined, error: unknown): string {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return printed({ key: '', where: file, message: `can't be watched (${code}); SIGHUP still reads it again` });
}
