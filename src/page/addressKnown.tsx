import type { JSX } from 'preact';
import { many } from '../domain/text/figures.js';
import { span } from '../domain/text/ago.js';
import { escaped } from '../domain/text/printable.js';
import type { Status } from '../status/schema.js';
import { linkTo } from './view.js';
import { Bar } from './bar.js';
import { shortName, timeOf, until } from './words.js';

/** How many of those that still owe are shown at once. */
const SHOWN = 4;

/** Who knows the current address, who still owes it, and what it was before. */
export function Address({ status: { announcements, ip } }: { status: Status }): JSX.Element {
  const { producers_know: producers, consumers_know: consumers, owing, oldest_seconds: oldest } = announcements;
  return (
    <section class="card known" aria-labelledby="known">
      <h2 id="known">Who knows our address</h2>
      <div class="ways">
        <Bar label="Producers" counts={producers} tone={producers.count < producers.of ? 'notice' : 'ok'}>
          {oldest === null || owing.length === 0 ? 'acknowledged' : `slowest waits for ${span(oldest * 1_000)}`}
        </Bar>
        <Bar label="Consumers" counts={consumers} tone="ok">
          {ip.since === null ? '' : 'answered since the change'}
        </Bar>
      </div>
      {owing.length > 0 && <Owing owing={owing} />}
      {ip.changes.length > 0 && (
        <ul class="changes" aria-label="Changes of the address">
          {ip.changes.slice(0, owing.length > 0 ? 2 : 4).map(({ at, ip: now, previous, agreed }) => (
            <li key={at}>
              <time>{timeOf(at)}</time>
              <span>
                {previous !== null && <>{escaped(previous)} → </>}
                <b>{escaped(now)}</b>
              </span>
              <span class="age">{escaped(agreed.join(', '))}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Owing({ owing }: { owing: Status['announcements']['owing'] }): JSX.Element {
  return (
    <div class="owing">
      <ul aria-label="Producers that have not acknowledged">
        {owing.slice(0, SHOWN).map(({ uuid, attempts, error, next_at: next }) => (
          <li key={uuid}>
            <a href={linkTo({ kind: 'producer', peer: uuid })} title={uuid}>
              {shortName(uuid)}
            </a>
            <span>{error === null ? 'not tried yet' : escaped(error)}</span>
            <span class="age">
              {many(attempts, 'attempt')}, next {until(next)}
            </span>
          </li>
        ))}
      </ul>
      {owing.length > SHOWN && (
        <a class="more" href={linkTo({ kind: 'producer', state: 'owing', peer: '' })}>
          and {owing.length - SHOWN} more
        </a>
      )}
    </div>
  );
}
