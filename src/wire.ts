import { z } from 'zod';
import { canonical, classify } from './domain/ip/address.js';
import { UUID } from './domain/peer/uuid.js';

/*
 * The calls between nodes, for programs that answer them: the format of a body, the node that sent it, and its address.
 * Importing this module starts nothing.
 */

export { sign, SIGNATURE_HEADER, TERM_HEADER, termOf, verify, type ReceivedCall } from './domain/call/signature.js';

/** Converted to lower case, so that one UUID gives one key in any spelling. */
const uuid = z.string().regex(UUID, { error: 'expected a UUID' }).toLowerCase();

/** Converted to the canonical form (RFC 5952; an IPv4-mapped address becomes IPv4). */
const ip = z
  .string()
  .refine((text) => classify(text).ok, { error: 'expected an IP address' })
  .overwrite(canonical);

/** The body of `POST /sync`. It has an `ip` only if the caller wants to be registered at another address. */
export const syncCall = z.object({ uuid, ip: ip.optional() });
export type SyncCall = z.output<typeof syncCall>;

/** The body of the answer to `POST /sync`: the UUID of the node that answers. */
export const syncAnswer = z.object({ uuid });
export type SyncAnswer = z.output<typeof syncAnswer>;

/** The body of `POST /ip`. */
export const ipCall = z.object({ uuid, ip });
export type IpCall = z.output<typeof ipCall>;

/** Maximum size of a body in bytes. */
const MAX_BODY_BYTES = 65_536;

/** The body of a request as text, or undefined if it is over 64 KiB. In that case stop reading and answer 413. */
export async function readBody(request: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Parses a body. Unknown fields are removed. Undefined if it is not JSON or does not match the schema. */
export function parseCall<T extends z.ZodType>(schema: T, body: string | Uint8Array): z.output<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body))).data;
  } catch {
    return undefined;
  }
}

/**
 * The canonical address of a caller. Undefined if the connection is closed, or if the address is not a literal that
 * other nodes could call (link-local addresses have a zone). Behind a reverse proxy this is the address of the
 * proxy.
 */
export function callerAddress({ remoteAddress = '' }: { readonly remoteAddress?: string | undefined }) {
  const address = classify(remoteAddress);
  return address.ok ? address.ip : undefined;
}
