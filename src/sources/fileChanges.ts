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

/** A folder on the way to a file, and the name in it that leads on. */
export interface Step {
  readonly folder: string;
  readonly name: string;
  /** Which file it is, where it is one: another one may come in its place. */
  readonly file?: string;
}

/** More links than that are a circle; Linux gives up at the same number. */
const MOST_LINKS = 40;
/** Before another way is watched: a way that changes all the time costs little. */
const PAUSE_MS = 20;

/**
 * Fires once the file is watched, and whenever something on the way to it changed: the file itself, a link, a folder,
 * be it replaced by renaming. Errors where the last folder on the way can't be watched. The file is watched besides its
 * folder: one that is mounted alone into a container is edited in another folder, of which nothing is heard here.
 */
export function fileChanges(
  file: string,
  watchStep: (step: Step) => Observable<unknown> = watched,
  watchFile: (file: string) => Observable<unknown> = contentsOf,
): Observable<unknown> {
  return defer(() => from(wayTo(file))).pipe(
    switchMap((way) => {
      // What is watched comes first: a change before the last of them is found by looking once more.
      const steps = way.map((step, i) => tolerant(watchStep(step), i === way.length - 1));
      const contents$ = way.at(-1)?.file === undefined ? EMPTY : tolerant(watchFile(file), false);
      const stir$ = merge(...steps, contents$, of(undefined));
      return stir$.pipe(
        concatMap(() => from(wayTo(file))),
        takeWhile((now) => isDeepStrictEqual(now, way), true),
      );
    }),
    repeat({ delay: PAUSE_MS }),
  );
}

/** Every step from the root to the file, through each link, as far as there is one. */
async function wayTo(file: string): Promise<readonly Step[]> {
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
    else if ((links += 1) > MOST_LINKS) return steps;
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

/** Where a link leads; empty for what is no link, undefined for what is not there. */
function linkAt(path: string): Promise<string | undefined> {
  return readlink(path).catch((error: unknown) =>
    (error as NodeJS.ErrnoException).code === 'EINVAL' ? '' : undefined,
  );
}

function tolerant(change$: Observable<unknown>, last: boolean): Observable<unknown> {
  return change$.pipe(
    catchError((error: unknown) => {
      // A folder that has gone meanwhile makes another way, which is found anew.
      const gone = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
      return last && !gone ? throwError(() => error as Error) : EMPTY;
    }),
  );
}

/** Fires when the entry of that name in that folder changed. */
function watched({ folder, name }: Step): Observable<unknown> {
  return watching(folder, (changed) => changed === null || changed === name);
}

/** Fires when what stands in a file changed, by whatever name and from wherever. */
function contentsOf(file: string): Observable<unknown> {
  return watching(file, () => true);
}

function watching(place: string, isOurs: (changed: string | null) => boolean): Observable<unknown> {
  return new Observable((subscriber) => {
    const watcher = watch(place, { persistent: false }, (_, changed) => {
      if (isOurs(changed)) subscriber.next(changed);
    });
    watcher.on('error', (error) => {
      subscriber.error(error);
    });
    return () => {
      watcher.close();
    };
  });
}
