import { isIP } from 'node:net';
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import { durationText, LONGEST_MS } from './duration.js';

const DURATION = /^\d{1,15}(\.\d{1,9})?(ms|s|m|h)$/;

/*
 * Each value says in its message what was expected and never what was found, which may be a secret.
 */

/** A duration: `250ms`, `30s`, `5m`, `1h` or a number of milliseconds; whole milliseconds from here on. */
export function duration(leastMs: number) {
  const range = `from ${durationText(leastMs)} to ${durationText(LONGEST_MS)}`;
  const error = `expected a duration ${range}, such as 250ms, 30s, 5m or 1h`;
  return z
    .union([z.string().regex(DURATION, { error }), z.number().min(leastMs, { error }).max(LONGEST_MS, { error })], {
      error,
    })
    .transform((value) => Math.round(typeof value === 'number' ? value : ms(value as StringValue)))
    .refine((value) => value >= leastMs && value <= LONGEST_MS, { error });
}

export function integer(least: number, most: number) {
  const error = `expected a whole number from ${String(least)} to ${String(most)}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export function fraction(most: number) {
  const error = `expected a number from 0 to ${String(most)}`;
  return z.number({ error }).min(0, { error }).max(most, { error });
}

export function choice<const T extends readonly string[]>(...values: T) {
  return z.enum(values, { error: `expected one of ${values.join(', ')}` });
}

export const flag = z.boolean({ error: 'expected true or false' });

/** A text of one form; `what` completes "expected …". */
export function text(what: string, pattern: RegExp) {
  const error = `expected ${what}`;
  return z.string({ error }).regex(pattern, { error });
}

export const file = text('the path of a file', /^[^\0]{1,4096}$/);

export const port = integer(1, 65_535);
export const concurrency = integer(1, 10_000);

/** At least one of something; `what` completes "expected …". */
export function listOf<T extends z.ZodType>(what: string, item: T) {
  const error = `expected ${what}`;
  return z.array(item, { error }).min(1, { error });
}

/** Keys with values of their own, and no others. */
export function group<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, { error: 'expected keys and values' });
}

/** In lower case from here on: the same UUID must be found under one key, however it was typed. */
export const uuid = text(
  'a UUID such as 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
  /^[\da-fA-F]{8}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{4}-[\da-fA-F]{12}$/,
).transform((value) => value.toLowerCase());

export const ipLiteral = z
  .string({ error: 'expected an IP address' })
  .refine((value) => isIP(value) !== 0 && !value.includes('%'), { error: 'expected an IP address' });

/** A URL with one of these schemes that also passes the test. */
export function url(schemes: readonly string[], accepts: (url: URL) => boolean = () => true) {
  const beginnings = schemes.map((scheme) => `${scheme}://`);
  const what = `a URL beginning with ${beginnings.join(' or ')}`;
  return text(what, new RegExp(`^(${schemes.join('|')})://`)).refine(
    (value) => URL.canParse(value) && accepts(new URL(value)),
    { error: `expected ${what}` },
  );
}

/** Whether a part of a URL can be decoded: `%zz` can't. */
export function isEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
