import { keyOf, type JournalEntry } from './journal.js';

/** Neighbours of one type in the journal, the newest first. */
export interface Fold {
  readonly key: string;
  readonly entries: readonly JournalEntry[];
}

/** From so many on, equal neighbours are one line. */
const ENOUGH = 3;

/** Events about single peers, as one says them of many. */
const PLURAL: Readonly<Record<string, string>> = {
  'peer.available': 'peers are available',
  'peer.suspect': 'peers are suspect',
  'peer.unavailable': 'peers are unavailable',
  'peer.malformed': 'entries are malformed',
  'announcement.acknowledged': 'producers acknowledged our address',
  'announcement.failed': 'producers did not take our address',
  'announcement.dropped': 'producers left before they acknowledged',
};

/** Equal neighbours together, where they are several. */
export function folded(entries: readonly JournalEntry[]): readonly Fold[] {
  const runs: JournalEntry[][] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    if (last?.[0]?.type === entry.type) last.push(entry);
    else runs.push([entry]);
  }
  return runs.flatMap((run) => (run.length >= ENOUGH ? [run] : run.map((entry) => [entry]))).map(toFold);
}

/** The oldest entry names it: a fold that grows stays the same element. */
function toFold(entries: JournalEntry[]): Fold {
  const oldest = entries.at(-1);
  return { key: oldest === undefined ? '' : keyOf(oldest), entries };
}

/** What a fold says in one line. */
export function foldedText({ entries }: Fold): string {
  const [first] = entries;
  if (first === undefined) return '';
  const plural = PLURAL[first.type];
  return plural === undefined ? `${first.text} (${entries.length} times)` : `${entries.length} ${plural}`;
}
