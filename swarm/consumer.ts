import { isIP } from 'node:net';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { verify } from './signature.js';
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
  const { host, port = 0 } = options;
  return Endpoint.listen({ path: '/sync', host, port, answer: (call) => sync(options, call) });
}

async function sync({ uuid, registry, portOf, secret }: ConsumerOptions, call: Call): Promise<Answer> {
  if (secret !== undefined && !verify(secret, call)) return { status: 401 };
  const caller = identityIn(call.body);
  if (caller === undefined) return { status: 400 };
  if (registry !== undefined) {
    const keys = keysUnder(registry.prefix);
    const port = portOf?.(caller.uuid);
    await registry.redis
      .multi()
      .hset(keys.consumer(caller.uuid), {
        ip: caller.ip ?? call.from,
        last_seen: call.at,
        ...(port === undefined ? {} : { port }),
      })
      .sadd(keys.consumers, caller.uuid)
      .exec();
  }
  return { status: 200, body: { uuid } };
}

/** Who calls, and the address it asks to be known at; undefined where that is not what the body says. */
export function identityIn(body: string): { readonly uuid: string; readonly ip: string | undefined } | undefined {
  try {
    const { uuid, ip } = JSON.parse(body) as { uuid?: unknown; ip?: unknown };
    if (typeof uuid !== 'string' || !/^[\da-f-]{36}$/i.test(uuid)) return undefined;
    if (ip === undefined) return { uuid, ip };
    return typeof ip === 'string' && isIP(ip) !== 0 ? { uuid, ip } : undefined;
  } catch {
    return undefined;
  }
}
