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
  of,
  skip,
  startWith,
  type Observable,
} from 'rxjs';
import type { Config } from '../config/config.js';
import { readText } from '../config/file.js';
import { ConfigError, printed } from '../config/problem.js';
import { fileChanges } from './fileChanges.js';

/** The result of a reload: the new configuration, or its problems. */
export type ConfigChange =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

export interface ConfigFileOptions {
  /** The file to watch, if there is one. */
  readonly file: string | undefined;
  /** The text of the file when it was loaded. */
  readonly text: string | undefined;
  readonly load: () => Promise<Config>;
  readonly sighup$: Observable<unknown>;
  /** Fires when the file may have changed. */
  readonly fileChange$?: Observable<unknown>;
  /** Reads the current text of the file. */
  readonly readNow?: () => Promise<string>;
}

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

/**
 * Emits the configuration each time the text of its file changes or a signal requests a reload. A configuration that
 * cannot be loaded is emitted as problems. If the file cannot be watched, this is reported once, and signals still
 * work. Never errors.
 */
export function configChanges(options: ConfigFileOptions): Observable<ConfigChange> {
  const { file, load, sighup$ } = options;
  const loaded$ = defer(() => from(load())).pipe(
    map((config): ConfigChange => ({ ok: true, config })),
    catchError((error: unknown) => of<ConfigChange>({ ok: false, problems: problemsIn(error) })),
  );
  const edited$ = file === undefined ? EMPTY : edits(file, options);
  return merge(
    edited$.pipe(
      map(() => loaded$),
      catchError((error: unknown) => of(of<ConfigChange>({ ok: false, problems: [unwatched(file, error)] }))),
    ),
    sighup$.pipe(map(() => loaded$)),
  ).pipe(concatMap((change$) => change$));
}

/** Fires when the text differs from the previous one, beginning with the loaded text. A read error counts as a text. */
function edits(file: string, options: ConfigFileOptions): Observable<unknown> {
  const { text, fileChange$ = fileChanges(file), readNow = () => readText(file) } = options;
  const text$ = defer(() => from(readNow())).pipe(
    map((now) => `text: ${now}`),
    catchError((error: unknown) => of(`unreadable: ${(error as Error).message}`)),
  );
  return fileChange$.pipe(
    debounceTime(SETTLE_MS),
    concatMap(() => text$),
    startWith(`text: ${text ?? ''}`),
    distinctUntilChanged(),
    skip(1),
  );
}

function problemsIn(error: unknown): readonly string[] {
  return error instanceof ConfigError ? error.problems.map(printed) : ['could not be read'];
}

function unwatched(file: string | undefined, error: unknown): string {
  const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
  return printed({ key: '', where: file, message: `can't be watched (${code}); SIGHUP still reads it again` });
}
