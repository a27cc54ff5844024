import type { Config } from './config.js';
import { quoted } from '../domain/text/printable.js';
import type { Setting } from './environment.js';
import { isTree, type Tree } from './file.js';
import type { Problem, WhereIs } from './problem.js';

/** A bare number of milliseconds below this is more likely meant in seconds. */
const MIN_UNITLESS_MS = 1_000;
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[?::1\]?|localhost)$/i;

/**
 * Valid settings that are likely to be mistakes: small durations without a unit, quotes that become part of a value,
 * and a status server that is reachable from other hosts without a token.
 */
export function likelyMistakes(
  config: Config,
  value: Tree,
  settings: readonly Setting[],
  whereIs: WhereIs,
): readonly Problem[] {
  const inQuotes = settings.filter(({ value: text }) => typeof text === 'string' && /^(["']).*\1$/s.test(text));
  return [
    ...unitless(config, value, []).map(([path, number]): Problem => {
      const message = `${number} is ${number} milliseconds; write ${number}s for seconds, or ${number}ms`;
      return { key: path.join('.'), where: whereIs(path), message };
    }),
    ...unguarded(config, whereIs),
    ...inQuotes.map(({ key, variable }): Problem => {
      return { key, where: `environment ${variable}`, message: 'the quotes around the value are part of it' };
    }),
  ];
}

function unguarded({ status: { enabled, host, token } }: Config, whereIs: WhereIs): readonly Problem[] {
  if (!enabled || token !== undefined || LOOPBACK.test(host)) return [];
  const message = `${quoted(host)} is not loopback, so others may read the status: set status.token`;
  return [{ key: 'status.host', where: whereIs(['status', 'host']), message }];
}

/** The durations written as a small number, with their paths. */
function unitless(config: Tree, value: Tree, path: readonly string[]): (readonly [readonly string[], number])[] {
  return Object.entries(config).flatMap(([name, inner]) => {
    const key = name.replace(/Ms$/, '');
    const written = value[key];
    if (isTree(inner)) return isTree(written) ? unitless(inner, written, [...path, key]) : [];
    const small = name !== key && typeof written === 'number' && written > 0 && written < MIN_UNITLESS_MS;
    return small ? [[[...path, key], written] as const] : [];
  });
}
