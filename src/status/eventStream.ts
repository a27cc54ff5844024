import type { ServerResponse } from 'node:http';
import { describeEntry } from '../domain/text/entryWords.js';
import { contentOf, isAfter, type EventFeed, type FeedEntry } from './feed.js';
import type { Status } from './schema.js';

/** The number of past events at the start of a stream. */
const PAST_EVENTS = 50;
/** A reader with more unread bytes than this is dropped. */
const MAX_UNREAD_BYTES = 256 * 1_024;
/** The time limit of a reader for one page of missed events. */
const STALLED_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;
const STATUS_MS = 2_000;
const STREAM_ID = /^\d{1,15}(-\d{1,15})?$/;
/** Maximum number of readers at once, because each costs memory. */
const MAX_READERS = 200;

/** The open server-sent event streams. Each gets the journal live, and the status every two seconds. */
export class EventStreams {
  readonly #open = new Map<ServerResponse, Client>();
  #unfollow: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #readingStatus = false;

  constructor(
    private readonly feed: EventFeed,
    private readonly status: () => Promise<Status>,
  ) {}

  get isFull(): boolean {
    return this.#open.size >= MAX_READERS;
  }

  /**
   * Serves one reader, whose headers are sent already, until it disconnects: the events it has missed since that id,
   * or the newest few, and then new ones. The stream ends if the reader would no longer be admitted.
   */
  async serve(response: ServerResponse, lastId: string | undefined, isAdmitted: () => boolean): Promise<void> {
    if (response.destroyed) return;
    const client = new Client(response, isAdmitted);
    this.#open.set(response, client);
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#open.size === 0) this.#stopTimer();
    });
    response.on('error', () => undefined);
    client.write('retry: 2000\n\n');
    // Following begins before the first read, so that no entry between the two is missed.
    this.#startTimer();
    if (lastId === undefined || !STREAM_ID.test(lastId)) await client.pass(await this.feed.last(PAST_EVENTS));
    else for await (const page of this.feed.after(lastId)) await client.pass(page);
    client.begin();
    const status = await this.#status();
    if (status !== undefined) client.write(statusEvent(status));
  }

  /** Ends all streams. */
  close(): void {
    this.#stopTimer();
    for (const response of this.#open.keys()) response.end();
  }

  #startTimer(): void {
    this.#timer ??= setInterval(() => void this.#tick(), STATUS_MS);
    this.#unfollow ??= this.feed.follow((entry) => {
      const text = sseEvent(entry);
      for (const client of this.#open.values()) client.receive(entry, text);
    });
  }

  #stopTimer(): void {
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
    // A slow status is not requested twice.
    if (this.#readingStatus) return;
    this.#readingStatus = true;
    const status = await this.#status();
    this.#readingStatus = false;
    if (status === undefined) return;
    const text = statusEvent(status);
    for (const client of this.#open.values()) client.write(text);
  }

  /** No caller handles an error of this promise, so errors end here. */
  async #status(): Promise<Status | undefined> {
    try {
      return await this.status();
    } catch {
      return undefined;
    }
  }
}

/** One reader. New events wait until the past ones are sent, so that none comes twice or out of order. */
class Client {
  #waiting: { readonly entry: FeedEntry; readonly text: string }[] | undefined = [];
  #waitingLength = 0;
  #last: string | undefined;
  readonly #passed = new Set<string>();

  constructor(
    private readonly response: ServerResponse,
    private readonly isAdmitted: () => boolean,
  ) {}

  receive(entry: FeedEntry, text: string): void {
    if (this.#waiting === undefined) {
      if (this.#isNew(entry)) this.write(text);
      return;
    }
    this.#waiting.push({ entry, text });
    this.#waitingLength += text.length;
    if (this.#waitingLength > MAX_UNREAD_BYTES) this.response.destroy();
  }

  /** Writes past events as fast as the reader takes them. */
  async pass(before: readonly FeedEntry[]): Promise<void> {
    for (const entry of before) {
      if (this.#isGone()) return;
      this.response.write(sseEvent(entry));
      this.#last = entry.id ?? this.#last;
      this.#passed.add(contentOf(entry));
    }
    if (this.response.writableNeedDrain) await drained(this.response);
  }

  /** From now on new events are written at once. */
  begin(): void {
    for (const { entry, text } of this.#waiting ?? []) if (this.#isNew(entry)) this.write(text);
    this.#waiting = undefined;
    this.#passed.clear();
  }

  /** Whether the entry was not among the past events. */
  #isNew(entry: FeedEntry): boolean {
    // An entry without an id may have been stored and sent as a past event in the meantime.
    if (entry.id === undefined) return !this.#passed.has(contentOf(entry));
    return this.#last === undefined || isAfter(entry.id, this.#last);
  }

  write(text: string): void {
    if (this.#isGone()) return;
    // A stalled reader is dropped. It reconnects with the id of its last event and gets the missed ones.
    if (this.response.writableLength > MAX_UNREAD_BYTES) this.response.destroy();
    else this.response.write(text);
  }

  leaveUnlessAdmitted(): void {
    if (!this.isAdmitted()) this.response.end();
  }

  #isGone(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }
}

/**
 * Resolves once the reader has taken the written bytes or has disconnected. A reader that takes nothing for too long
 * is dropped.
 */
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

function sseEvent({ id, type, at, data }: FeedEntry): string {
  const entry = { type, at, data: parsed(data), text: describeEntry(type, data) };
  const line = id === undefined ? '' : `id: ${id}\n`;
  return `${line}event: entry\ndata: ${JSON.stringify(entry)}\n\n`;
}

/** Other programs may write to the stream too. */
function parsed(data: string): object {
  try {
    const read: unknown = JSON.parse(data);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? read : {};
  } catch {
    return {};
  }
}
