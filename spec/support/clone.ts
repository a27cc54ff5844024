import { cpSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** What a clone does not have. */
const MADE = ['.git', '.build', 'dist', 'node_modules', 'coverage'];

/** The project as somebody has it who has just cloned it, but with the packages that are installed here. */
export interface Clone {
  /** Around the clone, with the same packages in it. */
  readonly folder: string;
  readonly path: string;
  clear(): void;
}

export function makeClone(): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'clone-'));
  const path = join(folder, 'clone');
  cpSync(ROOT, path, { recursive: true, filter: (from) => !MADE.includes(basename(from)) });
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // Older than the packages, so that `npm ci` has nothing to do.
  utimesSync(join(path, 'package-lock.json'), 0, 0);
  return {
    folder,
    path,
    clear: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
