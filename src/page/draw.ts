import type { Signal } from '@preact/signals';
import uPlot from 'uplot';
import type { Sample } from '../status/schema.js';
import type { ChartSpec } from './charts.js';

/** A chart on the page. */
export interface Drawing {
  readonly show: (samples: readonly Sample[]) => void;
  readonly end: () => void;
}

const HEIGHT = 132;
// An enum that exists in types alone, so that its number has to be written.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const RIGHT: uPlot.Axis.Side = 1;
/** Samples that are further apart than so many of their usual distance leave a gap. */
const GAP = 4;

/** Draws into an element whatever `show` is given, in the colours of the theme, as wide as there is room. */
export function draw(place: HTMLElement, spec: ChartSpec, pointed: Signal<number | null>): Drawing {
  let known: readonly Sample[] = [];
  let plot: uPlot | undefined;
  const rebuild = (): void => {
    plot?.destroy();
    plot = new uPlot(
      optionsOf(place, spec, () => known, pointed),
      dataOf(spec, known),
      place,
    );
  };
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', rebuild);
  const observer = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
  observer.observe(place);
  rebuild();
  return {
    show: (samples) => {
      known = samples;
      plot?.setData(dataOf(spec, known));
    },
    end: () => {
      dark.removeEventListener('change', rebuild);
      observer.disconnect();
      plot?.destroy();
    },
  };
}

function dataOf({ lines }: ChartSpec, samples: readonly Sample[]): uPlot.AlignedData {
  return [samples.map(({ at }) => at / 1_000), ...lines.map(({ value }) => samples.map(value))];
}

function optionsOf(
  place: HTMLElement,
  spec: ChartSpec,
  known: () => readonly Sample[],
  pointed: Signal<number | null>,
): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  const apart = spec.lines.some((line) => line.apart === true);
  const format = (_: uPlot, values: number[]): string[] => values.map((value) => spec.format(value));
  return {
    width: Math.max(120, place.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { sync: { key: 'over-time' }, points: { size: 5 }, y: false, drag: { x: true, y: false } },
    scales: { y: { range: fromZero }, apart: { range: fromZero } },
    axes: [
      { ...axis, space: 70, size: 26, values: timeLabels },
      { ...axis, size: 54, space: 34, values: format },
      ...(apart
        ? [
            {
              ...axis,
              scale: 'apart',
              side: RIGHT,
              size: 48,
              space: 34,
              grid: { show: false },
              values: format,
            },
          ]
        : []),
    ],
    series: [
      {},
      ...spec.lines.map((line) => ({
        stroke: colour(`--line-${line.tone}`),
        width: 1.5,
        points: { show: false },
        scale: line.apart === true ? 'apart' : 'y',
        gaps: gapsOf,
        ...(line.apart === true && { dash: [4, 3] }),
      })),
    ],
    hooks: {
      drawClear: [
        (plot) => {
          shade(plot, known(), colour('--shade'));
        },
      ],
      setCursor: [
        ({ cursor: { idx } }) => {
          pointed.value = idx ?? null;
        },
      ],
    },
  };
}

const DAY_S = 86_400;
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const SECOND = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The time of the day, and at midnight the day. */
function timeLabels(_: uPlot, splits: number[], __: number, ___: number, step: number): string[] {
  return splits.map((at) => {
    const date = new Date(at * 1_000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    return (step >= DAY_S || isMidnight ? DAY : step >= 60 ? HOUR : SECOND).format(date);
  });
}

function fromZero(_: uPlot, __: number, max: number | null): [number, number] {
  return [0, max === null || max <= 0 ? 1 : max * 1.12];
}

/** Times without a sample are left out of a line and not bridged. */
function gapsOf(plot: uPlot, _: number, from: number, to: number, nulls: uPlot.Series.Gaps): uPlot.Series.Gaps {
  const [times] = plot.data;
  const usual = Math.max(60, ((times[to] ?? 0) - (times[from] ?? 0)) / Math.max(1, to - from));
  const gaps = [...nulls];
  for (let i = from + 1; i <= to; i++) {
    const [before = 0, after = 0] = [times[i - 1], times[i]];
    if (after - before <= GAP * usual) continue;
    gaps.push([Math.round(plot.valToPos(before, 'x', true)), Math.round(plot.valToPos(after, 'x', true))]);
  }
  return gaps.sort((a, b) => a[0] - b[0]);
}

/** Hatches the times in which we were isolated. */
function shade(plot: uPlot, samples: readonly Sample[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  for (const [from, to] of isolatedSpans(samples)) {
    const left = plot.valToPos(from / 1_000, 'x', true);
    const right = Math.max(left + 3, plot.valToPos(to / 1_000, 'x', true));
    hatch(ctx, left, right, bbox);
  }
  ctx.restore();
}

function hatch(ctx: CanvasRenderingContext2D, left: number, right: number, { top, height }: uPlot.BBox): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left, height);
  ctx.clip();
  ctx.beginPath();
  for (let x = left - height; x < right; x += 8) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

/** From the first isolated sample to the first that is not. */
function isolatedSpans(samples: readonly Sample[]): readonly (readonly [number, number])[] {
  const spans: [number, number][] = [];
  let open = false;
  for (const { at, isolated } of samples) {
    const last = spans.at(-1);
    if (isolated && !open) spans.push([at, at]);
    else if (open && last !== undefined) last[1] = at;
    open = isolated;
  }
  return spans;
}
