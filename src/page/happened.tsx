import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { escaped, nameOf } from '../domain/text/printable.js';
import { linkTo } from './view.js';
import { folded, foldedText, type Fold } from './fold.js';
import { keyOf, type JournalEntry } from './journal.js';
import { journal } from './state.js';
import { shortName, timeOf } from './words.js';

/** What happened, as it happens, equal neighbours folded. */
export function Happened(): JSX.Element {
  const folds = useComputed(() => folded(journal.value));
  return (
    <section class="card happened" aria-labelledby="happened">
      <h2 id="happened">What happened</h2>
      {folds.value.length === 0 && <p class="empty">Nothing yet. Changes and faults appear here as they come.</p>}
      <ol class="journal" tabIndex={0} aria-label="Events, the newest first">
        {folds.value.map((fold) => (
          <FoldItem key={fold.key} fold={fold} />
        ))}
      </ol>
    </section>
  );
}

function FoldItem({ fold }: { fold: Fold }): JSX.Element {
  const [newest] = fold.entries;
  const oldest = fold.entries.at(-1);
  if (newest === undefined || oldest === undefined) return <li />;
  if (fold.entries.length === 1) {
    return (
      <li class={toneOf(newest.type)}>
        <time>{timeOf(newest.at)}</time> <Sentence entry={newest} />
      </li>
    );
  }
  return (
    <li class={toneOf(newest.type)}>
      <time title={`from ${timeOf(oldest.at)}`}>{timeOf(newest.at)}</time>{' '}
      <details>
        <summary>{escaped(foldedText(fold))}</summary>
        <ul>
          {fold.entries.slice(0, 100).map((entry) => (
            <li key={keyOf(entry)}>
              <time>{timeOf(entry.at)}</time> <Sentence entry={entry} />
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

/** What an entry says; where it is about one peer, a way to it. */
function Sentence({ entry }: { entry: JournalEntry }): JSX.Element {
  const { uuid, peer } = entry.data;
  if (typeof uuid !== 'string') return <span>{escaped(entry.text)}</span>;
  const producer = entry.type.startsWith('announcement') || peer === 'producer';
  return (
    <a href={linkTo({ kind: producer ? 'producer' : 'consumer', peer: uuid })} title={nameOf(uuid)}>
      {escaped(entry.text).replace(nameOf(uuid), () => shortName(uuid))}
    </a>
  );
}

const BAD = new Set([
  'isolation.began',
  'redis.down',
  'redis.failed',
  'config.rejected',
  'embedded.ended',
  'host.short',
]);
const GOOD = new Set(['isolation.ended', 'redis.up', 'peer.available', 'announcements.complete', 'redis.caught-up']);

/** The weather has no colour. */
function toneOf(type: string): string {
  return BAD.has(type) ? 'bad' : GOOD.has(type) ? 'ok' : type.startsWith('ip.') ? 'info' : '';
}
