import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';

const FIXED = [/^uuid$/, /^redis\./, /^status\.(host|port)$/];

/** The keys, as they are written, whose value differs. */
export function changedKeys(before: Config, after: Config): string[] {
  return changed(before, after, '').map((key) => key.replace(/Ms$/, ''));
}

/** Those of them that cannot change while the process runs. */
export function needsRestart(keys: readonly string[]): string[] {
  return keys.filter((key) => FIXED.some((pattern) => pattern.test(key)));
}

function changed(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isGroup(before) || !isGroup(after) || path.endsWith('headers')) return [path];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => changed(before[name], after[name], path === '' ? name : `${path}.${name}`));
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
