import { validateHeaderName, validateHeaderValue } from 'node:http';
import { isIP } from 'node:net';
import ms, { type StringValue } from 'ms';
import { z } from 'zod';

/** Above this Node's timers fire at once. */
const LONGEST_MS = 2 ** 31 - 1;
const DURATION = /^\d+(\.\d+)?(ms|s|m|h)$/;

/** A duration: `250ms`, `30s`, `5m`, `1h` or a number of milliseconds; milliseconds from here on. */
export function duration(leastMs: number, mostMs = LONGEST_MS) {
  const expected = `expected a duration from ${ms(leastMs)} to ${ms(mostMs)}, such as 250ms, 30s, 5m or 1h`;
  return z
    .union([z.string().regex(DURATION, { error: expected }), z.number()], { error: expected })
    .transform((value) => (typeof value === 'number' ? value : ms(value as StringValue)))
    .refine((value) => value >= leastMs && value <= mostMs, { error: expected });
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

export function text(expected: string, pattern: RegExp) {
  return z.string({ error: `expected ${expected}` }).regex(pattern, { error: `expected ${expected}` });
}

export const uuid = text(
  'a UUID such as 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
  /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i,
).transform((value) => value.toLowerCase());

export const ipLiteral = z
  .string({ error: 'expected an IP address' })
  .refine((value) => isIP(value) !== 0 && !value.includes('%'), { error: 'expected an IP address' });

/** A URL with one of these schemes; where it is wrong, the message does not repeat it, since it may hold a password. */
export function url(...schemes: readonly string[]) {
  const error = `expected a URL beginning with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return z
    .string({ error })
    .refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)), {
      error,
    });
}

/** What the scheduler itself sets, or what would change how the message is framed. */
const OWN_HEADERS = [
  'host',
  'connection',
  'content-length',
  'content-type',
  'transfer-encoding',
  'accept',
  'user-agent',
];

export const headers = z
  .record(z.string(), z.string({ error: 'expected a text as the value of the header' }), {
    error: 'expected header names with their values',
  })
  .check(({ value, issues }) => {
    for (const [name, content] of Object.entries(value)) {
      const message = headerFault(name, content);
      if (message !== undefined) issues.push({ code: 'custom', message, path: [name], input: '' });
    }
  });

function headerFault(name: string, content: string): string | undefined {
  if (OWN_HEADERS.includes(name.toLowerCase())) return 'this header is set by the scheduler itself';
  try {
    validateHeaderName(name);
  } catch {
    return 'expected a valid header name';
  }
  try {
    validateHeaderValue(name, content);
  } catch {
    return 'expected a header value without control characters';
  }
  return undefined;
}
