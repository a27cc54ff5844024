import type { ServerResponse } from 'node:http';
import { describeEntry } from '../domain/text/entryWords.js';
import { isAfter, type EventFeed, type FeedEntry } from './feed.js';
import type { Status } from './schema.js';

/** How many events a reader begins with. */
const FIRST = 50;
/** A reader that has so much waiting reads no more. */
const MOST_WAITING = 256 * 1_024;
const KEEP_ALIVE_MS = 15_000;
const STATUS_MS = 2_000;
const STREAM_ID = /^\d{1,15}(-\d{1,15})?$/;
/** Readers at once; each costs memory. */
const MOST_READERS = 200;

/** The open server-sent event streams: each gets the journal as it happens, and the status every two seconds. */
export class EventStreams {
  readonly #open = new Map<ServerResponse, Client>();
  readonly #unfollow: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #asking = false;

  constructor(
    private readonly feed: EventFeed,
    private readonly status: () => Promise<Status>,
  ) {
    this.#unfollow = feed.follow((entry) => {
      const text = asEvent(entry);
      for (const client of this.#open.values()) client.take(entry, text);
    });
  }

  get isFull(): boolean {
    return this.#open.size >= MOST_READERS;
  }

  /** Serves one reader, whose headers are sent already, until it goes. */
  async serve(response: ServerResponse, lastId: string | undefined): Promise<void> {
    const client = new Client(response);
    this.#open.set(response, client);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#rest();
    });
    response.on('error', () => undefined);
    client.write('retry: 2000\n\n');
    this.#work();
    const known = lastId !== undefined && STREAM_ID.test(lastId) ? lastId : undefined;
    const before = known === undefined ? await this.feed.last(FIRST) : await this.feed.after(known);
    client.begin(before);
    this.#send(client, await this.status());
  }

  /** Ends all of them. */
  close(): void {
    this.#unfollow();
    this.#rest();
    for (const response of this.#open.keys()) response.end();
  }

  #work(): void {
    this.#timer ??= setInterval(() => void this.#tick(), STATUS_MS);
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #tick(): Promise<void> {
    this.#ticks += 1;
    if (this.#ticks % Math.round(KEEP_ALIVE_MS / STATUS_MS) === 0) {
      for (const client of this.#open.values()) client.write(': still here\n\n');
    }
    // A status that takes long is not asked for twice.
    if (this.#asking) return;
    this.#asking = true;
    const status = await this.status().finally(() => (this.#asking = false));
    const text = statusEvent(status);
    for (const client of this.#open.values()) client.write(text);
  }

  #send(client: Client, status: Status): void {
    client.write(statusEvent(status));
  }
}

/** One reader. What comes before its beginning is read waits, so that nothing comes twice or out of order. */
class Client {
  #waiting: { readonly entry: FeedEntry; readonly text: string }[] | undefined = [];

  constructor(private readonly response: ServerResponse) {}

  take(entry: FeedEntry, text: string): void {
    if (this.#waiting === undefined) this.write(text);
    else this.#waiting.push({ entry, text });
  }

  begin(before: readonly FeedEntry[]): void {
    for (const entry of before) this.write(asEvent(entry));
    const last = before.findLast(({ id }) => id !== undefined)?.id;
    const sent = new Set(before);
    for (const { entry, text } of this.#waiting ?? []) {
      const isNew = entry.id === undefined ? !sent.has(entry) : last === undefined || isAfter(entry.id, last);
      if (isNew) this.write(text);
    }
    this.#waiting = undefined;
  }

  write(text: string): void {
    if (this.response.destroyed || this.response.writableEnded) return;
    // A reader that stalls is dropped, and finds out by its id what it has missed.
    if (this.response.writableLength > MOST_WAITING) this.response.destroy();
    else this.response.write(text);
  }
}

function statusEvent(status: Status): string {
  return `event: status\ndata: ${JSON.stringify(status)}\n\n`;
}

function asEvent({ id, type, at, data }: FeedEntry): string {
  const entry = { type, at, data: parsed(data), text: describeEntry(type, data) };
  const line = id === undefined ? '' : `id: ${id}\n`;
  return `${line}event: entry\ndata: ${JSON.stringify(entry)}\n\n`;
}

/** Others may have written to the stream as well. */
function parsed(data: string): object {
  try {
    const read: unknown = JSON.parse(data);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? read : {};
  } catch {
    return {};
  }
}
