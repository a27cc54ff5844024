import { uptime, type Bucket, type History } from '../../domain/history.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_DAYS = 90;
/** The width of the label, and some space at the end. */
const OTHER_COLUMNS = 24;

/** The minimum fraction of answered checks of a day, and its symbol. */
const BLOCKS: readonly (readonly [number, string])[] = [
  [1, '█'],
  [0.99, '▇'],
  [0.95, '▆'],
  [0.9, '▅'],
  [0.75, '▄'],
  [0.5, '▃'],
  [Number.MIN_VALUE, '▂'],
  [0, '▁'],
];
const NO_CHECK = '·';

/** The fractions of answered checks of a consumer, and a strip of its last days, newest last. */
export function historyRows({ hours, days }: History, now: number, width: number): string[][] {
  const spans: readonly (readonly [string, readonly Bucket[], number])[] = [
    ['24 h', hours, DAY_MS],
    ['7 d', hours, 7 * DAY_MS],
    ['90 d', days, 90 * DAY_MS],
  ];
  const shares = spans.map(([name, buckets, ms]) => `${name} ${percent(uptime(buckets, now - ms, now + 1))}`);
  const shown = Math.max(1, Math.min(MAX_DAYS, width - OTHER_COLUMNS));
  return [
    ['answered', shares.join(', ')],
    ...(days.length === 0 ? [] : [[`last ${shown} days`, strip(days, now, shown)]]),
  ];
}

function strip(days: readonly Bucket[], now: number, shown: number): string {
  const today = Math.floor(now / DAY_MS);
  const byDay = new Map(days.map((bucket) => [Math.floor(bucket.at / DAY_MS), bucket]));
  return Array.from({ length: shown }, (_, i) => block(byDay.get(today - shown + 1 + i))).join('');
}

function block(day: Bucket | undefined): string {
  const share = day === undefined ? undefined : uptime([day], day.at, day.at + 1);
  if (share === undefined) return NO_CHECK;
  return BLOCKS.find(([least]) => share >= least)?.[1] ?? NO_CHECK;
}

/** Rounded down, so that 100 % means all checks. */
function percent(share: number | undefined): string {
  return share === undefined ? 'not known' : `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}
