import type { Redis } from 'ioredis';
import { openRegistry, type Registry } from '#src/registry.js';
import { parseCall, syncCall, verify } from '#src/wire.js';
import { Endpoint, type Answer, type Call } from './endpoint.js';

export interface ConsumerOptions {
  readonly uuid: string;
  readonly host: string;
  readonly port?: number;
  /** The node's registry; without one it answers but remembers nobody. */
  readonly registry?: { readonly redis: Redis; readonly prefix: string };
  /** Port that a caller listens on, where a network has no common one. */
  readonly portOf?: (uuid: string) => number | undefined;
  /** Shared secret; then a call without a valid proof of origin is refused. */
  readonly secret?: string;
}

/** The consumer API: answers `/sync` with our UUID, and registers the caller at the address that it calls from. */
export function startConsumer(options: ConsumerOptions): Promise<Endpoint> {
  const { host, port = 0, registry: at } = options;
  // On loopback all callers have one address.
  const registry = at && openRegistry({ ...at, mostPerSource: Infinity });
  return Endpoint.listen({ path: '/sync', host, port, answer: (call) => sync(options, registry, call) });
}

async function sync(
  { uuid, portOf, secret }: ConsumerOptions,
  registry: Registry | undefined,
  { from, ...call }: Call,
): Promise<Answer> {
  if (secret !== undefined && !verify(secret, call)) return { status: 401 };
  const caller = parseCall(syncCall, call.body);
  if (caller === undefined) return { status: 400 };
  const port = portOf?.(caller.uuid);
  await registry?.register('consumer', { uuid: caller.uuid, ip: caller.ip ?? from, port, from });
  return { status: 200, body: { uuid } };
}
