import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { keyPaths } from './paths.js';

/** One thing that is wrong with the configuration: which key, where it was set, and what was expected. */
export interface Problem {
  /** Dotted path; empty where it is not about one key. */
  readonly key: string;
  /** File and line, or the environment variable. */
  readonly where: string | undefined;
  readonly message: string;
}

/** The configuration can't be used; holds everything that is wrong with it, never a value that may be secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(printed).join('\n'));
  }
}

/** A problem as one line. */
export function printed({ key, where, message }: Problem): string {
  return `${key === '' ? '' : `${key}: `}${message}${where === undefined ? '' : ` (${where})`}`;
}

/** What the validation found, each finding with where its key was set. */
export function problemsOf(
  error: z.ZodError,
  whereIs: (path: readonly PropertyKey[]) => string | undefined,
): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code !== 'unrecognized_keys') {
      const key = issue.path.map(String).join('.');
      const where = whereIs(issue.path);
      return [
        { key, where, message: key === 'uuid' && where === undefined ? `required: ${issue.message}` : issue.message },
      ];
    }
    return issue.keys.map((name) => {
      const path = [...issue.path, name];
      return {
        key: path.map(String).join('.'),
        where: whereIs(path),
        message: `unknown key${hint(path.map(String).join('.'))}`,
      };
    });
  });
}

/** Names the nearest known key: a misspelling, or the right name in the wrong group. */
export function hint(key: string): string {
  const leaf = key.split('.').at(-1) ?? key;
  const near = closest(
    key.toLowerCase(),
    keyPaths.map((path) => path.toLowerCase()),
  );
  const spelled = keyPaths.find((path) => path.toLowerCase() === near);
  if (spelled !== undefined && distance(key.toLowerCase(), near) <= Math.max(2, key.length / 3)) {
    return `; did you mean ${spelled}?`;
  }
  const elsewhere = keyPaths.find((path) => path.split('.').at(-1)?.toLowerCase() === leaf.toLowerCase());
  return elsewhere === undefined ? `; the nearest known key is ${spelled ?? near}` : `; did you mean ${elsewhere}?`;
}
