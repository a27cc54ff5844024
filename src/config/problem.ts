import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { itemPaths, keyPaths } from './keys.js';

const MAX_KEY_LENGTH = 100;
const MAX_NAME_LENGTH = 60;
/** Maximum number of listed problems, because finding the position of each takes time. */
const MAX_PROBLEMS = 100;
/** Maximum number of listed unknown keys per group. A file with more of them belongs to another program. */
const MAX_UNKNOWN_KEYS = 20;
/** Maximum edit distance of a misspelling. */
const MAX_MISSPELLING = 2;

/** One fault of the configuration: the key, where it was set, and what was expected. */
export interface Problem {
  /** Dotted path; empty if the fault does not concern a single key. */
  readonly key: string;
  /** File and line, or the environment variable. */
  readonly where: string | undefined;
  readonly message: string;
}

/** Finds where the value of a key was set. */
export type WhereIs = (path: readonly PropertyKey[]) => string | undefined;

/** The configuration is unusable. Lists every fault, but never a value that may be secret. */
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

/** The findings of the validation, each with the place where its key was set. */
export function problemsOf(error: z.ZodError, whereIs: WhereIs): Problem[] {
  const { issues } = error;
  const problems = issues
    .slice(0, MAX_PROBLEMS)
    .flatMap(precise)
    .flatMap((issue): Problem[] => {
      const { path } = issue;
      const where = whereIs(path);
      if (issue.code !== 'unrecognized_keys') {
        const missing = path.join('.') === 'uuid' && where === undefined;
        return [{ key: dotted(path), where, message: missing ? `required: ${issue.message}` : issue.message }];
      }
      const named = issue.keys.slice(0, MAX_UNKNOWN_KEYS).map((name): Problem => {
        const key = dotted([...path, name]);
        return { key, where: whereIs([...path, name]), message: `unknown key${hint(key)}` };
      });
      const more = issue.keys.length - named.length;
      return more > 0 ? [...named, { key: dotted(path), where, message: `${String(more)} more unknown keys` }] : named;
    });
  if (issues.length <= MAX_PROBLEMS) return problems;
  return [
    ...problems,
    { key: '', where: whereIs([]), message: `${String(issues.length - MAX_PROBLEMS)} more problems` },
  ];
}

/** If a value has several forms, the faults within the form that was probably meant; else that no form fits. */
function precise(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const groups = issue.errors.filter((faults) =>
    faults.every((one) => one.path.length > 0 || unknownIn(one).length > 0),
  );
  const unknown = groups.map((faults) => faults.flatMap(unknownIn));
  // A key of another form is not a misspelling. If the value mixes forms, none of them is reported.
  const nowhere = (unknown[0] ?? []).filter((key) => unknown.every((keys) => keys.includes(key)));
  const likely = groups.filter((_, i) => unknown[i]?.every((key) => nowhere.includes(key)));
  const [meant] = likely.sort((a, b) => distanceTo(nowhere, a) - distanceTo(nowhere, b));
  if (meant === undefined) return [issue];
  const isClear = likely.length === 1 || nowhere.length === 0 || distanceTo(nowhere, meant) <= MAX_MISSPELLING;
  const faults = isClear ? meant : meant.filter((one) => unknownIn(one).length > 0);
  const within = faults.map((fault) => ({ ...fault, path: [...issue.path, ...fault.path] }));
  return isClear ? within : [issue, ...within];
}

function unknownIn(issue: z.core.$ZodIssue): readonly string[] {
  return issue.code === 'unrecognized_keys' ? issue.keys : [];
}

/** The smallest edit distance between an unknown key and a missing key of the form. */
function distanceTo(unknown: readonly string[], faults: readonly z.core.$ZodIssue[]): number {
  const missing = faults.flatMap(({ path }) => path.slice(0, 1).map(String));
  return Math.min(...unknown.flatMap((key) => missing.map((name) => distance(key, name))), Number.MAX_SAFE_INTEGER);
}

/** A key for display, in one short line. */
export function dotted(path: readonly PropertyKey[]): string {
  const text = path
    .flatMap((name) => String(name).split('.'))
    .map(shownName)
    .join('.');
  return text.length > MAX_KEY_LENGTH ? `${text.slice(0, MAX_KEY_LENGTH)}…` : text;
}

/** The part that looks like a name. A text in the place of a key may be a password, or control a terminal. */
export function shownName(name: string): string {
  const [shown = ''] = /^[\w$-]*/.exec(name.slice(0, MAX_NAME_LENGTH)) ?? [];
  return shown === name ? name : `${shown}…`;
}

/** Suggests the nearest known key: for a misspelling, or for the right name in the wrong group. */
export function hint(key: string): string {
  const wanted = key.toLowerCase();
  const lower = (path: string): string => path.toLowerCase();
  const [, item = '', index = ''] = /^(.*?\.(\d+)\.)/.exec(key) ?? [];
  const inItem = itemPaths(index).filter((path) => item !== '' && path.startsWith(item));
  const known = inItem.length === 0 ? keyPaths : inItem;
  const { near, away, close } = nearestOf(wanted, known, lower);
  const namesakes = known.filter((path) => leafOf(lower(path)) === leafOf(wanted));
  if (away > MAX_MISSPELLING && namesakes.length > 0)
    return `; did you mean ${nearestOf(wanted, namesakes, lower).near}?`;
  return close ? `; did you mean ${near}?` : `; the nearest known key is ${near}`;
}

/** The known name with the smallest edit distance, and whether that is small enough for a misspelling. */
export function nearestOf(wanted: string, known: readonly string[], form: (name: string) => string) {
  const away = (name: string): number => distance(wanted, form(name));
  const near = known.reduce((best, name) => (away(name) < away(best) ? name : best));
  return { near, away: away(near), close: away(near) <= Math.max(MAX_MISSPELLING, wanted.length / 3) };
}

function leafOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
