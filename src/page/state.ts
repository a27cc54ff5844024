import { computed, signal } from '@preact/signals';
import { merged, type JournalEntry } from './journal.js';
import type { Status } from '../status/schema.js';

/** The newest entries that the page keeps. */
const KEPT = 500;

export const status = signal<Status | undefined>(undefined);
/** The newest first. */
export const journal = signal<readonly JournalEntry[]>([]);
/** Whether the stream of events is open. */
export const connected = signal(false);
/** When anything last came from the scheduler, by the browser's clock in Unix milliseconds. */
export const heardAt = signal(Date.now());
/** The browser's clock, once a second. */
export const ticking = signal(Date.now());
/** By how much the scheduler's clock is ahead of the browser's. */
const ahead = signal(0);
/** The scheduler's clock: ages are computed from it, since a browser's may be wrong. */
export const now = computed(() => ticking.value + ahead.value);

/** For a stream that says something every 15 s at least. */
const SILENCE_MS = 20_000;
/** A stream that breaks and is back at once is no news. */
const GRACE_MS = 2_500;

/** Whether what is shown may be old, since the scheduler says nothing. */
export const stale = computed(() => ticking.value - heardAt.value > (connected.value ? SILENCE_MS : GRACE_MS));

export function takeStatus(next: Status): void {
  ahead.value = next.as_of - Date.now();
  ticking.value = Date.now();
  status.value = next;
}

/** Puts entries into the journal, each once, whatever the order in which they come. */
export function takeEntries(entries: readonly JournalEntry[]): void {
  journal.value = merged(journal.value, entries).slice(0, KEPT);
}

setInterval(() => {
  ticking.value = Date.now();
}, 1_000);
