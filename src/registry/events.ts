import { countOf, fieldsOf } from '../clients/replies.js';
import type { RegistryRedis, WaitingRedis } from './client.js';

/** Something that happened, from `<p>events`. */
export interface RegistryEvent {
  /** In the stream: what to go on after. */
  readonly id: string;
  /** Such as `peer.unavailable`; more of them may come with any version. */
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly data: unknown;
}

export interface EventsOptions {
  /** The id of the last event that is known, `0` for all that are kept; what comes from now on where it is left out. */
  readonly after?: string | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/** Shorter than the deadline that clients usually give a command. */
const WAIT_MS = 500;
const PAGE = 100;
const ID = /^\d{1,20}(-\d{1,20})?$/;

type Found = readonly (readonly [id: string, fields: readonly string[]])[];

/** The events of a stream as they come, until the signal or the reader ends it. Throws where Redis fails. */
export async function* follow(
  redis: RegistryRedis,
  key: string,
  { after, signal }: EventsOptions,
): AsyncGenerator<RegistryEvent, void, undefined> {
  if (after !== undefined && !ID.test(after)) throw new TypeError('after: expected an id of the stream, or 0');
  const waiting = redis.duplicate();
  // What fails is told by the command that it fails; unheard, ioredis would print it.
  waiting.on('error', () => undefined);
  const ended = (): boolean => signal?.aborted === true;
  const leave = (): void => {
    waiting.disconnect();
  };
  signal?.addEventListener('abort', leave);
  try {
    let last = after ?? (await newest(waiting, key));
    while (!ended()) {
      for (const [id, fields] of await next(waiting, key, last)) {
        if (ended()) return;
        last = id;
        yield toEvent(id, fields);
      }
    }
  } catch (error) {
    // The command under way fails with the connection.
    if (!ended()) throw error;
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
}

/** The id of the newest event. Redis' own `$` would miss what comes between two commands. */
async function newest(redis: WaitingRedis, key: string): Promise<string> {
  const found = (await redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)) as Found;
  return found[0]?.[0] ?? '0';
}

async function next(redis: WaitingRedis, key: string, after: string): Promise<Found> {
  const reply = await redis.call('XREAD', 'COUNT', PAGE, 'BLOCK', WAIT_MS, 'STREAMS', key, after);
  // By the protocol that the client speaks: a list of pairs, such pairs in one list, or an object.
  if (reply === null) return [];
  if (!Array.isArray(reply)) return Object.values(reply as Record<string, Found>)[0] ?? [];
  const [first] = reply as readonly unknown[];
  return ((Array.isArray(first) ? first[1] : reply[1]) ?? []) as Found;
}

function toEvent(id: string, list: readonly string[]): RegistryEvent {
  const fields = fieldsOf(list);
  const at = countOf(fields.get('at')) ?? Number(id.split('-', 1)[0]);
  return { id, type: fields.get('type') ?? '', at, data: parsed(fields.get('data') ?? '{}') };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
