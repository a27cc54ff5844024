/** One entry of the journal. */
export interface JournalEntry {
  /** What the stream in Redis calls it; empty where Redis did not take it at once. */
  readonly id: string;
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All of both, each once, the newest first. One that came without an id may come again with one. */
export function merged(known: readonly JournalEntry[], more: readonly JournalEntry[]): readonly JournalEntry[] {
  const all = new Map([...known, ...more].map((entry) => [keyOf(entry), entry]));
  return all.size === known.length ? known : [...all.values()].sort(newestFirst);
}

/** The same for the same event, whether or not it has an id yet. */
export function keyOf({ type, at, text }: JournalEntry): string {
  return `${at} ${type} ${text}`;
}

function newestFirst(a: JournalEntry, b: JournalEntry): number {
  return b.at - a.at || sequence(b.id) - sequence(a.id);
}

/** The number behind the time in an id of a stream, `<ms>-<n>`. */
function sequence(id: string): number {
  return Number(id.split('-')[1] ?? 0);
}
