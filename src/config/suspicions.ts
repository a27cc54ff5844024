import type { Config } from './config.js';
import type { Setting } from './environment.js';
import { isTree, type Tree } from './file.js';
import type { Problem, WhereIs } from './problem.js';

/** A bare number below it, in milliseconds, is more likely to be meant in seconds. */
const FEW = 1_000;

/** What is valid and likely to be a mistake: small durations without a unit, quotes that nothing takes off. */
export function suspicions(
  config: Config,
  value: Tree,
  settings: readonly Setting[],
  whereIs: WhereIs,
): readonly Problem[] {
  const quoted = settings.filter(({ value: text }) => typeof text === 'string' && /^(["']).*\1$/s.test(text));
  return [
    ...unitless(config, value, []).map(([path, number]): Problem => {
      const message = `${number} is ${number} milliseconds; write ${number}s for seconds, or ${number}ms`;
      return { key: path.join('.'), where: whereIs(path), message };
    }),
    ...quoted.map(({ key, variable }): Problem => {
      return { key, where: `environment ${variable}`, message: 'the quotes around the value are part of it' };
    }),
  ];
}

/** The durations that are written as a small number, with their paths. */
function unitless(config: Tree, value: Tree, path: readonly string[]): (readonly [readonly string[], number])[] {
  return Object.entries(config).flatMap(([name, inner]) => {
    const key = name.replace(/Ms$/, '');
    const written = value[key];
    if (isTree(inner)) return isTree(written) ? unitless(inner, written, [...path, key]) : [];
    const small = name !== key && typeof written === 'number' && written > 0 && written < FEW;
    return small ? [[[...path, key], written] as const] : [];
  });
}
