import { ipCall, parseCall, termOf, verify } from '#src/wire.js';
import { Endpoint } from './endpoint.js';

export interface ProducerOptions {
  readonly host: string;
  readonly port?: number;
  readonly secret?: string;
}

/** A producer: takes `/ip` and remembers, for each consumer, the addresses it was told, oldest first. */
export class Producer {
  readonly told = new Map<string, string[]>();

  private constructor(readonly endpoint: Endpoint) {}

  static async start({ host, port = 0, secret }: ProducerOptions): Promise<Producer> {
    const told = new Map<string, string[]>();
    const terms = new Map<string, number>();
    const endpoint = await Endpoint.listen({
      path: '/ip',
      host,
      port,
      answer: (call) => {
        if (secret !== undefined && !verify(secret, call)) return { status: 401 };
        const caller = parseCall(ipCall, call.body);
        if (caller === undefined) return { status: 400 };
        // What a process sends that was overtaken in the meantime is no longer true.
        const term = termOf(call) ?? 0;
        if (term < (terms.get(caller.uuid) ?? 0)) return { status: 409 };
        terms.set(caller.uuid, term);
        told.set(caller.uuid, [...(told.get(caller.uuid) ?? []), caller.ip]);
        return { status: 204 };
      },
    });
    return Object.assign(new Producer(endpoint), { told });
  }
}
