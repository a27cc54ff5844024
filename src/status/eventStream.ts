import type { ServerResponse } from 'node:http';
import { describeEntry } from '../domain/text/entryWords.js';
import { contentOf, isAfter, type EventFeed, type FeedEntry } from './feed.js';
import type { Status } from './schema.js';

/** How many events a reader begins with. */
const FIRST = 50;
/** A reader that has so much waiting reads no more. */
const MOST_WAITING = 256 * 1_024;
/** How long a reader may take for one page of what it has missed. */
const STALLED_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;
const STATUS_MS = 2_000;
const STREAM_ID = /^\d{1,15}(-\d{1,15})?$/;
/** Readers at once; each costs memory. */
const MOST_READERS = 200;

/** The open server-sent event streams: each gets the journal as it happens, and the status every two seconds. */
export class EventStreams {
  readonly #open = new Map<ServerResponse, Client>();
  #unfollow: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #asking = false;

  constructor(
    private readonly feed: EventFeed,
    private readonly status: () => Promise<Status>,
  ) {}

  get isFull(): boolean {
    return this.#open.size >= MOST_READERS;
  }

  /**
   * Serves one reader, whose headers are sent already, until it goes: what it has missed since the event with that id, or
   * the newest few, and then what comes. It is ended once it would not be admitted any more.
   */
  async serve(response: ServerResponse, lastId: string | undefined, isAdmitted: () => boolean): Promise<void> {
    if (response.destroyed) return;
    const client = new Client(response, isAdmitted);
    this.#open.set(response, client);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#rest();
    });
    response.on('error', () => undefined);
    client.write('retry: 2000\n\n');
    // The stream is followed before it is read, so that nothing is missed between the two.
    this.#work();
    if (lastId === undefined || !STREAM_ID.test(lastId)) await client.pass(await this.feed.last(FIRST));
    else for await (const page of this.feed.after(lastId)) await client.pass(page);
    client.begin();
    const status = await this.#status();
    if (status !== undefined) client.write(statusEvent(status));
  }

  /** Ends all of them. */
  close(): void {
    this.#rest();
    for (const response of this.#open.keys()) response.end();
  }

  #work(): void {
    this.#timer ??= setInterval(() => void this.#tick(), STATUS_MS);
    this.#unfollow ??= this.feed.follow((entry) => {
      const text = asEvent(entry);
      for (const client of this.#open.values()) client.take(entry, text);
    });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#unfollow?.();
    this.#timer = this.#unfollow = undefined;
  }

  async #tick(): Promise<void> {
    this.#ticks += 1;
    for (const client of this.#open.values()) client.leaveUnlessAdmitted();
    if (this.#ticks % Math.round(KEEP_ALIVE_MS / STATUS_MS) === 0) {
      for (const client of this.#open.values()) client.write(': still here\n\n');
    }
    // A status that takes long is not asked for twice.
    if (this.#asking) return;
    this.#asking = true;
    const status = await this.#status();
    this.#asking = false;
    if (status === undefined) return;
    const text = statusEvent(status);
    for (const client of this.#open.values()) client.write(text);
  }

  /** Nobody waits for this answer, so a fault in it has to end here. */
  async #status(): Promise<Status | undefined> {
    try {
      return await this.status();
    } catch {
      return undefined;
    }
  }
}

/** One reader. What comes before its beginning is read waits, so that nothing comes twice or out of order. */
class Client {
  #waiting: { readonly entry: FeedEntry; readonly text: string }[] | undefined = [];
  #waitingLength = 0;
  #last: string | undefined;
  readonly #passed = new Set<string>();

  constructor(
    private readonly response: ServerResponse,
    private readonly isAdmitted: () => boolean,
  ) {}

  take(entry: FeedEntry, text: string): void {
    if (this.#waiting === undefined) {
      if (this.#isNew(entry)) this.write(text);
      return;
    }
    this.#waiting.push({ entry, text });
    this.#waitingLength += text.length;
    if (this.#waitingLength > MOST_WAITING) this.response.destroy();
  }

  /** Writes what was before, as fast as the reader takes it. */
  async pass(before: readonly FeedEntry[]): Promise<void> {
    for (const entry of before) {
      if (this.#isGone()) return;
      this.response.write(asEvent(entry));
      this.#last = entry.id ?? this.#last;
      this.#passed.add(contentOf(entry));
    }
    if (this.response.writableNeedDrain) await drained(this.response);
  }

  /** From now on it gets what comes, at once. */
  begin(): void {
    for (const { entry, text } of this.#waiting ?? []) if (this.#isNew(entry)) this.write(text);
    this.#waiting = undefined;
    this.#passed.clear();
  }

  /** Whether it was not among what was before. */
  #isNew(entry: FeedEntry): boolean {
    // Without an id it may have been written, and read, since.
    if (entry.id === undefined) return !this.#passed.has(contentOf(entry));
    return this.#last === undefined || isAfter(entry.id, this.#last);
  }

  write(text: string): void {
    if (this.#isGone()) return;
    // A reader that stalls is dropped, and finds out by its id what it has missed.
    if (this.response.writableLength > MOST_WAITING) this.response.destroy();
    else this.response.write(text);
  }

  leaveUnlessAdmitted(): void {
    if (!this.isAdmitted()) this.response.end();
  }

  #isGone(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }
}

/** Resolves once the reader has taken what waits, or is gone; one that takes nothing for long is dropped. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const stalled = setTimeout(() => response.destroy(), STALLED_MS);
    const done = (): void => {
      clearTimeout(stalled);
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
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
