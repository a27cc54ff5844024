import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { SIGNATURE_HEADER } from '../domain/call/signature.js';

/** What the scheduler itself sets, or what would change how the message is framed. */
const OWN: ReadonlySet<string> = new Set([
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
  if (OWN.has(name.toLowerCase())) return 'expected another header: the scheduler sets this one itself';
  if (!passes(validateHeaderName, name)) return 'expected a valid header name';
  if (!passes(validateHeaderValue, name, content)) return 'expected a header value without control characters';
  return undefined;
}

function passes<T extends readonly unknown[]>(validate: (...values: T) => void, ...values: T): boolean {
  try {
    validate(...values);
    return true;
  } catch {
    return false;
  }
}
