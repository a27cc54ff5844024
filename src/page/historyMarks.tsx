import type { JSX } from 'preact';
import { percent } from '../domain/text/figures.js';
import type { PeerDetail } from '../status/schema.js';

type Bucket = NonNullable<PeerDetail['history']>['hours'][number];

const CELL = 13;
const GAP = 2;
const DAYS = 90;
const DAY_MS = 86_400_000;

/** Answered of answered and counted failures; null where neither was. */
function shareOf([, answered, failed]: Bucket): number | null {
  return answered + failed === 0 ? null : answered / (answered + failed);
}

function toneOf(share: number | null): string {
  if (share === null) return 'none';
  return share === 1 ? 'full' : share >= 0.95 ? 'most' : share >= 0.5 ? 'some' : 'few';
}

function uptime(buckets: readonly Bucket[]): string {
  const answered = buckets.reduce((sum, one) => sum + one[1], 0);
  const failed = buckets.reduce((sum, one) => sum + one[2], 0);
  return answered + failed === 0 ? 'no checks' : percent(answered / (answered + failed));
}

/** The last seven days, a row each, a cell an hour, by the browser's clock. */
export function HourGrid({ hours }: { hours: readonly Bucket[] }): JSX.Element | null {
  const days = [...new Set(hours.map(([at]) => new Date(at).toDateString()))].slice(-7);
  if (days.length === 0) return null;
  const width = 30 + 24 * (CELL + GAP);
  const height = days.length * (CELL + GAP);
  return (
    <figure class="hours">
      <figcaption>Hours of the last 7 days: {uptime(hours)}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Uptime by hour: ${uptime(hours)}`}>
        {days.map((day, row) => (
          <text key={day} x="0" y={row * (CELL + GAP) + 10}>
            {day.slice(0, 3)}
          </text>
        ))}
        {hours.map((bucket) => {
          const date = new Date(bucket[0]);
          const row = days.indexOf(date.toDateString());
          if (row < 0) return null;
          return (
            <rect
              key={bucket[0]}
              class={toneOf(shareOf(bucket))}
              x={30 + date.getHours() * (CELL + GAP)}
              y={row * (CELL + GAP)}
              width={CELL}
              height={CELL}
              rx="2"
            >
              <title>{`${day(date)} ${date.getHours()}:00, ${percent(shareOf(bucket))}`}</title>
            </rect>
          );
        })}
      </svg>
    </figure>
  );
}

function day(date: Date): string {
  return date.toDateString().slice(0, 10);
}

/** Ninety days, a bar each: the higher, the more it answered. */
export function DayStrip({ days }: { days: readonly Bucket[] }): JSX.Element | null {
  const newest = days.at(-1)?.[0];
  if (newest === undefined) return null;
  return (
    <figure class="days">
      <figcaption>
        Last {DAYS} days: {uptime(days)}
      </figcaption>
      <svg viewBox={`0 0 ${DAYS * 4} 28`} role="img" aria-label={`Uptime by day: ${uptime(days)}`}>
        {days.map((bucket) => {
          const back = Math.round((newest - bucket[0]) / DAY_MS);
          const share = shareOf(bucket);
          const height = share === null ? 2 : 4 + 24 * share;
          return (
            <rect
              key={bucket[0]}
              class={toneOf(share)}
              x={(DAYS - 1 - back) * 4}
              y={28 - height}
              width="3"
              height={height}
            >
              <title>{`${day(new Date(bucket[0]))}, ${percent(share)}`}</title>
            </rect>
          );
        })}
      </svg>
    </figure>
  );
}
