import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { itemPaths, keyPaths } from './keys.js';

const LONGEST_KEY = 100;
const LONGEST_NAME = 60;
/** Most problems that are listed: finding the place of each takes time. */
const MOST = 100;
/** Most unknown keys that are listed of one group: a file with more of them belongs to another program. */
const MOST_UNKNOWN = 20;
/** A name that differs in so few characters is taken for a misspelling. */
const MISSPELLED = 2;

/** One fault of the configuration: which key, where it was set, and what was expected. */
export interface Problem {
  /** Dotted path; empty where it is not about one key. */
  readonly key: string;
  /** File and line, or the environment variable. */
  readonly where: string | undefined;
  readonly message: string;
}

/** Where the value of a key was set. */
export type WhereIs = (path: readonly PropertyKey[]) => string | undefined;

/** The configuration can't be used; lists every fault, and never a value that may be secret. */
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
export function problemsOf(error: z.ZodError, whereIs: WhereIs): Problem[] {
  const { issues } = error;
  const problems = issues
    .slice(0, MOST)
    .flatMap(precise)
    .flatMap((issue): Problem[] => {
      const { path } = issue;
      const where = whereIs(path);
      if (issue.code !== 'unrecognized_keys') {
        const missing = path.join('.') === 'uuid' && where === undefined;
        return [{ key: dotted(path), where, message: missing ? `required: ${issue.message}` : issue.message }];
      }
      const named = issue.keys.slice(0, MOST_UNKNOWN).map((name): Problem => {
        const key = dotted([...path, name]);
        return { key, where: whereIs([...path, name]), message: `unknown key${hint(key)}` };
      });
      const more = issue.keys.length - named.length;
      return more > 0 ? [...named, { key: dotted(path), where, message: `${String(more)} more unknown keys` }] : named;
    });
  if (issues.length <= MOST) return problems;
  return [...problems, { key: '', where: whereIs([]), message: `${String(issues.length - MOST)} more problems` }];
}

/** The faults within the form that was meant, of a value with several forms; else that it has none of them. */
function precise(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const groups = issue.errors.filter((faults) =>
    faults.every((one) => one.path.length > 0 || unknownIn(one).length > 0),
  );
  const strange = groups.map((faults) => faults.flatMap(unknownIn));
  // A key of another form is none that is misspelled: which form is meant can't be said where both have some.
  const nowhere = (strange[0] ?? []).filter((key) => strange.every((keys) => keys.includes(key)));
  const likely = groups.filter((_, i) => strange[i]?.every((key) => nowhere.includes(key)));
  const [meant] = likely.sort((a, b) => awayFrom(nowhere, a) - awayFrom(nowhere, b));
  if (meant === undefined) return [issue];
  const isClear = likely.length === 1 || nowhere.length === 0 || awayFrom(nowhere, meant) <= MISSPELLED;
  const faults = isClear ? meant : meant.filter((one) => unknownIn(one).length > 0);
  const within = faults.map((fault) => ({ ...fault, path: [...issue.path, ...fault.path] }));
  return isClear ? within : [issue, ...within];
}

function unknownIn(issue: z.core.$ZodIssue): readonly string[] {
  return issue.code === 'unrecognized_keys' ? issue.keys : [];
}

/** How far the unknown keys are from those that a form has to have, and that are missing. */
function awayFrom(unknown: readonly string[], faults: readonly z.core.$ZodIssue[]): number {
  const missing = faults.flatMap(({ path }) => path.slice(0, 1).map(String));
  return Math.min(...unknown.flatMap((key) => missing.map((name) => distance(key, name))), Number.MAX_SAFE_INTEGER);
}

/** A key as it is shown, in one short line. */
export function dotted(path: readonly PropertyKey[]): string {
  const text = path
    .flatMap((name) => String(name).split('.'))
    .map(shownName)
    .join('.');
  return text.length > LONGEST_KEY ? `${text.slice(0, LONGEST_KEY)}…` : text;
}

/** The part that looks like a name: a text in the place of a key may be a password, or steer a terminal. */
export function shownName(name: string): string {
  const [shown = ''] = /^[\w$-]*/.exec(name.slice(0, LONGEST_NAME)) ?? [];
  return shown === name ? name : `${shown}…`;
}

/** Names the nearest known key: a misspelling, or the right name in the wrong group. */
export function hint(key: string): string {
  const wanted = key.toLowerCase();
  const lower = (path: string): string => path.toLowerCase();
  const [, index] = /\.(\d+)\./.exec(key) ?? [];
  const known = index === undefined ? keyPaths : [...keyPaths, ...itemPaths(index)];
  const { near, away, close } = nearestOf(wanted, known, lower);
  const namesakes = known.filter((path) => leafOf(lower(path)) === leafOf(wanted));
  if (away > MISSPELLED && namesakes.length > 0) return `; did you mean ${nearestOf(wanted, namesakes, lower).near}?`;
  return close ? `; did you mean ${near}?` : `; the nearest known key is ${near}`;
}

/** The known name that differs in the fewest characters, and whether those are few enough for a misspelling. */
export function nearestOf(wanted: string, known: readonly string[], form: (name: string) => string) {
  const away = (name: string): number => distance(wanted, form(name));
  const near = known.reduce((best, name) => (away(name) < away(best) ? name : best));
  return { near, away: away(near), close: away(near) <= Math.max(MISSPELLED, wanted.length / 3) };
}

function leafOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
