import { batch } from '@preact/signals';
import type { Status } from '../status/schema.js';
import { getJson, urlOf } from './base.js';
import { SseParser, type ServerSent } from './sse.js';
import type { JournalEntry } from './journal.js';
import { connected, heardAt, takeEntries, takeStatus } from './state.js';

/** The server sends at least a comment every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 10_000;

let lastId = '';
let retryMs = RETRY_MS;

/**
 * Follows the scheduler for as long as the page is open. The stream is read with fetch and not with EventSource, which
 * shows no comments, so that it can't tell a quiet scheduler from a dead line, and gives up for good after a 502.
 */
export async function follow(): Promise<never> {
  for (;;) {
    try {
      await listen();
    } catch {
      // What broke is of no interest: the page says since when there is no word, and tries again.
    }
    connected.value = false;
    await passing(retryMs);
    retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
  }
}

/** Ends when the stream does; rejects where it breaks or falls silent. */
async function listen(): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  let timer = setTimeout(() => {
    controller.abort();
  }, SILENCE_MS);
  const received = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      controller.abort();
    }, SILENCE_MS);
    heardAt.value = Date.now();
  };
  try {
    const headers = { accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) };
    const [{ ok, body }] = await Promise.all([
      fetch(urlOf('api/events'), { headers, signal, cache: 'no-store' }),
      getJson<Status>('api/status', signal).then(takeStatus),
    ]);
    if (!ok || body === null) return;
    received();
    connected.value = true;
    retryMs = RETRY_MS;
    await read(body, received);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

async function read(body: ReadableStream<Uint8Array<ArrayBuffer>>, received: () => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new SseParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    received();
    const events = parser.push(value);
    batch(() => {
      take(events);
    });
  }
}

function take(events: readonly ServerSent[]): void {
  const newest = events.filter(({ name }) => name === 'status').at(-1);
  if (newest !== undefined) takeStatus(JSON.parse(newest.data) as Status);
  const entries = events.filter(({ name }) => name === 'entry');
  if (entries.length === 0) return;
  takeEntries(entries.map(({ id, data }) => ({ ...(JSON.parse(data) as Omit<JournalEntry, 'id'>), id })));
  lastId = entries.findLast(({ id }) => id !== '')?.id ?? lastId;
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
