import { z } from 'zod';
import { canonical, classify } from './domain/ip/address.js';
import { UUID } from './domain/peer/uuid.js';

/*
 * The calls between nodes, for programs that answer them: what a body may be, which node sent it, and from which address.
 * Importing this starts nothing.
 */

export { sign, SIGNATURE_HEADER, TERM_HEADER, termOf, verify, type ReceivedCall } from './domain/call/signature.js';

/** In lower case from here on, so that one UUID is one key, however it was sent. */
const uuid = z.string().regex(UUID, { error: 'expected a UUID' }).toLowerCase();

/** In its one spelling from here on (RFC 5952; an IPv4-mapped address is the IPv4 one). */
const ip = z
  .string()
  .refine((text) => classify(text).ok, { error: 'expected an IP address' })
  .overwrite(canonical);

/** The body of `POST /sync`; `ip` is there only where the caller wants to be known at another address. */
export const syncCall = z.object({ uuid, ip: ip.optional() });
export type SyncCall = z.output<typeof syncCall>;

/** The body of the answer to `POST /sync`: who answers. */
export const syncAnswer = z.object({ uuid });
export type SyncAnswer = z.output<typeof syncAnswer>;

/** The body of `POST /ip`. */
export const ipCall = z.object({ uuid, ip });
export type IpCall = z.output<typeof ipCall>;

/** A longer body is no call, in bytes. */
const LARGEST_BODY = 65_536;

/** The body of a request, as text. Undefined where it is over 64 KiB: then the rest is not read, and 413 is the answer. */
export async function readBody(request: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** What a body says, unknown fields left out; undefined where it is no JSON, or not what the schema asks for. */
export function parseCall<T extends z.ZodType>(schema: T, body: string | Uint8Array): z.output<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body))).data;
  } catch {
    return undefined;
  }
}

/**
 * The address that a call comes from, in its one spelling; undefined where the connection has gone or the address is no
 * literal that others could call (link-local ones have a zone). Behind a proxy of your own that is the proxy's.
 */
export function callerAddress({ remoteAddress = '' }: { readonly remoteAddress?: string | undefined }) {
  const address = classify(remoteAddress);
  return address.ok ? address.ip : undefined;
}
