import { watch } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';
import { dirname, join, parse, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  from,
  merge,
  Observable,
  of,
  repeat,
  switchMap,
  takeWhile,
  throwError,
} from 'rxjs';

/** A folder on the path to a file, and the next name in it. */
export interface Step {
  readonly folder: string;
  readonly name: string;
  /** Device and inode of the file, on the last step: a file that replaces it has to be watched anew. */
  readonly file?: string;
}

/** More links than this are a loop. Linux uses the same limit. */
const MAX_LINKS = 40;
/** Pause before a changed path is watched again, so that a path that changes all the time costs little. */
const PAUSE_MS = 20;

/**
 * Fires once the file is watched, and whenever a part of its path changes: the file, a link, or a folder, including
 * a replacement by rename. The file itself is watched too: if it alone is mounted into a container, it is edited through
 * a folder outside. Errors if the last folder of the path cannot be watched.
 */
export function fileChanges(
  file: string,
  watchStep: (step: Step) => Observable<unknown> = watched,
  watchFile: (file: string) => Observable<unknown> = contentOf,
): Observable<unknown> {
  return defer(() => from(stepsTo(file))).pipe(
    switchMap((steps) => {
      // The watchers start before the first read of the path, so that a change during their start is found too.
      const content$ = steps.at(-1)?.file === undefined ? EMPTY : ignoreMissing(watchFile(file), false);
      const fileChange$ = merge(
        ...steps.map((step, i) => ignoreMissing(watchStep(step), i === steps.length - 1)),
        content$,
        of(undefined),
      );
      return fileChange$.pipe(
        concatMap(() => from(stepsTo(file))),
        takeWhile((now) => isDeepStrictEqual(now, steps), true),
      );
    }),
    repeat({ delay: PAUSE_MS }),
  );
}

/** Every step from the root to the file, through each link, as far as it exists. */
async function stepsTo(file: string): Promise<readonly Step[]> {
  const steps: Step[] = [];
  let { root: folder } = parse(file);
  let links = 0;
  const names = file.split(sep);
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      folder = dirname(folder);
      continue;
    }
    steps.push({ folder, name });
    const path = join(folder, name);
    const target = await linkAt(path);
    if (target === undefined) return steps;
    if (target === '') folder = path;
    else if ((links += 1) > MAX_LINKS) return steps;
    else {
      if (target.startsWith(sep)) folder = parse(target).root;
      names.unshift(...target.split(sep));
    }
  }
  return [...steps.slice(0, -1), ...(await Promise.all(steps.slice(-1).map(withFile)))];
}

async function withFile(step: Step): Promise<Step> {
  const found = await stat(join(step.folder, step.name)).catch(() => undefined);
  return found?.isFile() === true ? { ...step, file: `${String(found.dev)}:${String(found.ino)}` } : step;
}

/** The target of a link; '' if the path is no link, undefined if it does not exist. */
function linkAt(path: string): Promise<string | undefined> {
  return readlink(path).catch((error: unknown) =>
    (error as NodeJS.ErrnoException).code === 'EINVAL' ? '' : undefined,
  );
}

function ignoreMissing(change$: Observable<unknown>, last: boolean): Observable<unknown> {
  return change$.pipe(
    catchError((error: unknown) => {
      // A folder that no longer exists changes the path, which is then read again.
      const gone = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
      return last && !gone ? throwError(() => error as Error) : EMPTY;
    }),
  );
}

/** Fires when the entry with that name in the folder changes. */
function watched({ folder, name }: Step): Observable<unknown> {
  return watchPath(folder, (changed) => changed === null || changed === name);
}

/** Fires when the content of a file changes, through whichever of its names. */
function contentOf(file: string): Observable<unknown> {
  return watchPath(file, () => true);
}

function watchPath(path: string, isRelevant: (changed: string | null) => boolean): Observable<unknown> {
  return new Observable((subscriber) => {
    const watcher = watch(path, { persistent: false }, (_, changed) => {
      if (isRelevant(changed)) subscriber.next(changed);
    });
    watcher.on('error', (error) => {
      subscriber.error(error);
    });
    return () => {
      watcher.close();
    };
  });
}
