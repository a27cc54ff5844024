import { countOf, fieldsOf } from '../clients/replies.js';
import type { RegistryRedis, WaitingRedis } from './client.js';

/** An event from `<p>events`. */
export interface RegistryEvent {
  /** The stream id, after which a reader can continue. */
  readonly id: string;
  /** For example `peer.unavailable`. Any version may add types. */
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly data: unknown;
}

export interface EventsOptions {
  /** The id of the last known event, or `0` for all stored ones. Without it, only new events come. */
  readonly after?: string | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/** Shorter than the usual command timeout of a client. */
const WAIT_MS = 500;
const PAGE = 100;
const ID = /^\d{1,20}(-\d{1,20})?$/;

type Found = readonly (readonly [id: string, fields: readonly string[]])[];

/** Yields the events of a stream as they come, until the signal aborts or the reader stops. Throws if Redis fails. */
export async function* follow(
  redis: RegistryRedis,
  key: string,
  { after, signal }: EventsOptions,
): AsyncGenerator<RegistryEvent, void, undefined> {
  if (after !== undefined && !ID.test(after)) throw new TypeError('after: expected an id of the stream, or 0');
  const waiting = redis.duplicate();
  // The failing command reports the error. Without this listener ioredis would also print it.
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
    // Disconnecting makes the running command fail.
    if (!ended()) throw error;
  } finally {
    signal?.removeEventListener('abort', leave);
    leave();
  }
}

/** The id of the newest event. The special id `$` of Redis would miss events between two commands. */
async function newest(redis: WaitingRedis, key: string): Promise<string> {
  const found = (await redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)) as Found;
  return found[0]?.[0] ?? '0';
}

async function next(redis: WaitingRedis, key: string, after: string): Promise<Found> {
  const reply = await redis.call('XREAD', 'COUNT', PAGE, 'BLOCK', WAIT_MS, 'STREAMS', key, after);
  // The shape depends on the protocol of the client: a list of pairs, one flat list, or an object.
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
