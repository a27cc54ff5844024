import { validateHeaderName, validateHeaderValue } from 'node:http';
import { isIP } from 'node:net';
import { z } from 'zod';
import { SIGNATURE_HEADER, TERM_HEADER } from '../domain/call/signature.js';
import { canonical } from '../domain/ip/address.js';
import { UUID } from '../domain/peer/uuid.js';
import { Duration } from './duration.js';

/*
 * The types of configuration values. An error message says what was expected, never what was found, because that may be
 * a secret.
 */

/** A finding of a custom check, at a key within the value or at the value itself. */
export function fault(message: string, ...path: (string | number)[]) {
  return { code: 'custom' as const, message, path, input: undefined };
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

/** A text that matches a pattern. `what` completes "expected …". */
export function text(what: string, pattern: RegExp) {
  const error = `expected ${what}`;
  return z.string({ error }).regex(pattern, { error });
}

export const file = text('the path of a file', /^[^\0]{1,4096}$/);

export const port = integer(1, 65_535);
export const MAX_WORKERS = 10_000;
export const concurrency = integer(1, MAX_WORKERS);

/** A list with at least one item. `what` completes "expected …". */
export function listOf<T extends z.ZodType>(what: string, item: T) {
  const error = `expected ${what}`;
  return z.array(item, { error }).min(1, { error });
}

/** Converted to lower case, because the same UUID must give the same key in any spelling. */
export const uuid = text('a UUID such as 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11', UUID).transform((value) =>
  value.toLowerCase(),
);

/** Converted to the canonical form, because it is compared with what peers have stored. */
export const ipLiteral = z
  .string({ error: 'expected an IP address' })
  .refine((value) => isIP(value) !== 0 && !value.includes('%'), { error: 'expected an IP address' })
  .transform(canonical);

/** A URL that begins with http:// or https:// and may contain a login. */
export const httpUrl = text('a URL beginning with http:// or https://', /^https?:\/\//).check(({ value, issues }) => {
  const message = encodingFault(value) ?? (URL.canParse(value) ? undefined : 'expected a URL with a host');
  if (value.startsWith('http') && message !== undefined) issues.push(fault(message));
});

/**
 * The fault in the login of a URL. If a reserved character in a password is not encoded, the URL is split there, and
 * a part of the password is taken for the host and printed.
 */
export function encodingFault(url: string): string | undefined {
  const [, authority = '', rest = ''] = /^\w+:\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  const login = authority.slice(0, Math.max(authority.lastIndexOf('@'), 0));
  if (!rest.includes('@') && isEncoded(login)) return undefined;
  return 'expected each / ? # % in a user or password to be percent-encoded: %2F %3F %23 %25';
}

/** Whether a part of a URL can be decoded; `%zz` cannot. */
export function isEncoded(part: string): boolean {
  return passes(decodeURIComponent, part);
}

/** Headers that the scheduler sets itself, or that would change the framing of the message. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  SIGNATURE_HEADER,
  TERM_HEADER,
]);

/** Static headers by name. */
export const headers = z
  .record(z.string(), z.string({ error: 'expected a text as the value of the header' }), {
    error: 'expected header names with their values',
  })
  .check(({ value, issues }) => {
    for (const [name, content] of Object.entries(value)) {
      const message = headerFault(name, content);
      if (message !== undefined) issues.push({ code: 'custom', message, path: [name], input: undefined });
    }
  });

function headerFault(name: string, content: string): string | undefined {
  if (RESERVED_HEADERS.has(name.toLowerCase())) return 'expected another header: the scheduler sets this one itself';
  if (!passes(validateHeaderName, name)) return 'expected a valid header name';
  if (!passes(validateHeaderValue, name, content)) return 'expected a header value without control characters';
  return undefined;
}

function passes<T extends readonly unknown[]>(validate: (...values: T) => unknown, ...values: T): boolean {
  try {
    validate(...values);
    return true;
  } catch {
    return false;
  }
}

/**
 * The keys of a group by the names that the program uses: durations get their unit, and keys for editors are left
 * out.
 */
type Named<T extends z.core.$ZodLooseShape> = {
  readonly [K in keyof T & string as NameOf<K, z.output<T[K]>>]: ValueOf<z.output<T[K]>>;
};
type NameOf<K extends string, V> = K extends `$${string}` ? never : V extends Duration<number | 'never'> ? `${K}Ms` : K;
type ValueOf<V> = V extends Duration<infer T> ? T : V;

/**
 * Contradictions between the valid keys of a group, as pairs of a key and a message. Invalid keys are left out of the
 * values; `isInvalid` tells whether a missing key is one of them.
 */
type Contradictions<T extends z.core.$ZodLooseShape> = (
  values: { readonly [K in keyof T]?: z.output<T[K]> },
  isInvalid: (key: keyof T & string) => boolean,
) => Iterable<readonly [key: keyof T & string, message: string]>;

/** The invalid keys of a group, or the invalid positions of a list. */
export function invalidIn({
  issues,
}: {
  readonly issues: readonly { readonly path?: PropertyKey[] | undefined }[];
}): ReadonlySet<string> {
  return new Set(issues.flatMap(({ path = [] }) => path.slice(0, 1)).map(String));
}

/** A group with exactly these keys. A missing optional key is undefined. */
export function group<T extends z.core.$ZodLooseShape>(shape: T, contradictions: Contradictions<T> = () => []) {
  const names = Object.keys(shape).filter((name) => !name.startsWith('$'));
  return z
    .strictObject(shape, { error: 'expected keys and values' })
    .superRefine(
      (values: Record<string, unknown>, context) => {
        const invalid = invalidIn(context);
        const valid = Object.fromEntries(Object.entries(values).filter(([name]) => !invalid.has(name)));
        const found = contradictions(valid as Parameters<Contradictions<T>>[0], (key) => invalid.has(key));
        for (const [key, message] of found) if (!invalid.has(key)) context.addIssue(fault(message, key));
      },
      { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
    )
    .transform((values: Record<string, unknown>) => {
      const entries = names.map((name): readonly [string, unknown] => {
        const value = values[name];
        return value instanceof Duration ? [`${name}Ms`, value.ms as unknown] : [name, value];
      });
      return Object.fromEntries(entries) as Named<T>;
    });
}

/** An optional group, because each of its keys is optional. */
export function section<T extends z.core.$ZodLooseShape>(shape: T, contradictions?: Contradictions<T>) {
  return group(shape, contradictions).prefault({} as z.input<z.ZodObject<T, z.core.$strict>>);
}

/** The files of a TLS connection, at this key. */
export function pemFiles(at: string) {
  return section(
    {
      ca: file.optional().describe('PEM file of the authorities to trust instead of the system ones.'),
      cert: file.optional().describe('PEM file of our client certificate.'),
      key: file.optional().describe('PEM file of its key.'),
    },
    function* ({ cert, key }) {
      if ((cert === undefined) === (key === undefined)) return;
      const [missing, given] = cert === undefined ? (['cert', 'key'] as const) : (['key', 'cert'] as const);
      yield [missing, `expected the path of a file, since ${at}.${given} is set`];
    },
  );
}
