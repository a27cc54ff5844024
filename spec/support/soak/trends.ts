import { inGroups, trend, type Trend } from '../regression.js';
import type { Sample } from './sample.js';

/** A figure of the samples: its level, and its slope for each 1,000 ticks. */
export interface Figure extends Trend {
  readonly name: string;
  readonly unit: string;
  /** What it may gain over a run: more than noise, less than a leak makes of it. */
  readonly bound: number;
  /** What the line gains from the first to the last sample. */
  readonly growth: number;
  /** The least that it gains with 97.5% confidence; above 0 it does grow. */
  readonly least: number;
}

const MIB = 1_048_576;
const GROUPS = 40;
const FIGURES: readonly (readonly [name: string, unit: string, bound: number, of: (sample: Sample) => number])[] = [
  ['resident memory (RSS)', 'MiB', 64, ({ rss }) => rss / MIB],
  ['heap in use', 'MiB', 64, ({ heapUsed }) => heapUsed / MIB],
  ['file descriptors', '', 20, ({ descriptors }) => descriptors],
  ['active handles and timers', '', 20, activeIn],
  ['event-loop delay, mean', 'ms', 20, ({ delayMeanMs }) => delayMeanMs],
  ['event-loop delay, 99th percentile', 'ms', 20, ({ delayP99Ms }) => delayP99Ms],
];

/**
 * Everything that keeps the event loop busy, whatever its kind. Immediates are left out: nobody holds what runs in the
 * very next turn, and a command of a timer that fires together with the one that measures always leaves one.
 */
export function activeIn({ resources }: Sample): number {
  return Object.entries(resources).reduce((sum, [kind, n]) => (kind === 'Immediate' ? sum : sum + n), 0);
}

/** The lines through the samples. */
export function trends(samples: readonly Sample[]): readonly Figure[] {
  const thousands = ({ ticks }: Sample): number => ticks / 1_000;
  const [first, last] = [samples.at(0), samples.at(-1)];
  const span = first === undefined || last === undefined ? 0 : thousands(last) - thousands(first);
  return FIGURES.map(([name, unit, bound, of]) => {
    const line = trend(
      inGroups(
        samples.map((sample) => [thousands(sample), of(sample)]),
        GROUPS,
      ),
    );
    return { name, unit, bound, ...line, growth: line.slope * span, least: (line.slope - line.margin) * span };
  });
}

/** The table in the documents, line by line. */
export function table(figures: readonly Figure[]): readonly string[] {
  return [
    '| figure | mean | slope per 1,000 ticks (95% CI) | gained in the run |',
    '|---|---|---|---|',
    ...figures.map(row),
  ];
}

function row({ name, unit, mean, slope, margin, growth }: Figure): string {
  const title = unit === '' ? name : `${name}, ${unit}`;
  return `| ${title} | ${mean.toFixed(2)} | ${signed(slope)} ± ${margin.toFixed(3)} | ${signed(growth)} |`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
