import { grouped, millis } from '../domain/text/figures.js';
import type { Sample } from '../status/schema.js';

export interface ChartSpec {
  readonly title: string;
  readonly format: (value: number | null) => string;
  readonly lines: readonly {
    readonly name: string;
    /** A custom property of the style sheet, `--line-<tone>`. */
    readonly tone: 'a' | 'b' | 'c' | 'd';
    readonly value: (sample: Sample) => number | null;
    /** On an axis of its own, since it is many times the others. */
    readonly apart?: boolean;
  }[];
}

const number = (value: number | null): string => (value === null ? '–' : grouped(Math.round(value)));

export const CHARTS: readonly ChartSpec[] = [
  {
    title: 'Latency',
    format: millis,
    lines: [
      { name: 'p50', tone: 'a', value: (sample) => sample.p50_ms },
      { name: 'p95', tone: 'b', value: (sample) => sample.p95_ms },
      { name: 'p99', tone: 'c', value: (sample) => sample.p99_ms },
    ],
  },
  {
    title: 'Peers',
    format: number,
    lines: [
      { name: 'available', tone: 'd', value: (sample) => sample.available, apart: true },
      { name: 'suspect', tone: 'b', value: (sample) => sample.suspect },
      { name: 'unavailable', tone: 'c', value: (sample) => sample.unavailable },
      { name: 'pending', tone: 'a', value: (sample) => sample.pending },
    ],
  },
  {
    title: 'Round',
    format: millis,
    lines: [{ name: 'took', tone: 'a', value: (sample) => sample.round_ms }],
  },
  {
    title: 'Freshness',
    format: (value) => (value === null ? '–' : `${Math.round(value)} s`),
    lines: [{ name: 'oldest check', tone: 'a', value: (sample) => sample.freshness_s }],
  },
];
