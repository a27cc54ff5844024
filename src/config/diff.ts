import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { isTree } from './file.js';
import { toFileForm } from './mask.js';

const FIXED = [/^uuid$/, /^redis\./, /^replicas\./, /^status\.(host|port)$/];

/** The keys whose value differs, as written in a file. */
export function changedKeys(before: Config, after: Config): string[] {
  return changed(toFileForm(before), toFileForm(after), '');
}

/** The keys among them that cannot change at run time. */
export function needsRestart(keys: readonly string[]): string[] {
  return keys.filter((key) => FIXED.some((pattern) => pattern.test(key)));
}

function changed(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isTree(before) || !isTree(after) || path.endsWith('headers')) return [path];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => changed(before[name], after[name], path === '' ? name : `${path}.${name}`));
}
