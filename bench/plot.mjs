/** Plots of growth: a figure of each program over the number of peers, as SVG for light and dark pages. */

const WIDTH = 640;
const HEIGHT = 320;
const EDGE = { left: 64, right: 180, top: 40, bottom: 44 };
/** Shapes and colours by turns, for readers who can't tell the colours. */
const SERIES = [
  ['#0072b2', ''],
  ['#d55e00', '6 3'],
  ['#009e73', '2 3'],
  ['#cc79a7', '8 3 2 3'],
  ['#e69f00', '1 4'],
];
const PLOTTED = [
  'bare loop, node:http',
  'run, native',
  'bare loop, node-fetch',
  'run, node-fetch',
  'blackbox_exporter',
];

/** The SVGs that the results of bench/cost.mjs make, by name. */
export function growth({ results, date, machine }) {
  const sizes = Object.keys(results).map(Number);
  const lines = (value) =>
    PLOTTED.map((name) => ({
      name,
      points: sizes.flatMap((size) => (results[size][name] ? [[size, value(results[size][name])]] : [])),
    })).filter(({ points }) => points.length > 1);
  if (sizes.length < 2) throw new Error('a plot of growth needs more than one number of peers');
  const note = `${date.slice(0, 10)}, ${machine}`;
  return {
    'growth-cpu': plot(
      'processor time of a check, µs',
      note,
      lines(({ us }) => us),
    ),
    'growth-memory': plot(
      'memory at the peak, MiB',
      note,
      lines(({ peak }) => peak / 2 ** 20),
    ),
  };
}

function plot(title, note, lines) {
  const all = lines.flatMap(({ points }) => points);
  const [from, to] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))].map(Math.log10);
  const step = niceStep(Math.max(...all.map(([, y]) => y)) / 4);
  const most = step * Math.ceil(Math.max(...all.map(([, y]) => y)) / step);
  const [right, bottom] = [WIDTH - EDGE.right, HEIGHT - EDGE.bottom];
  const x = (value) => EDGE.left + ((Math.log10(value) - from) / (to - from)) * (right - EDGE.left);
  const y = (value) => bottom - (value / most) * (bottom - EDGE.top);
  const ticks = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step);
  const sizes = [...new Set(all.map(([size]) => size))];
  const parts = [
    `<text x="${EDGE.left}" y="20" class="title">${title}</text>`,
    ...ticks.map(
      (tick) =>
        `<path class="grid" d="M${EDGE.left} ${y(tick)}H${right}"/><text x="${EDGE.left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
    ),
    ...sizes.map(
      (size) => `<text x="${x(size)}" y="${bottom + 18}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
    ),
    `<text x="${EDGE.left}" y="${HEIGHT - 8}" class="note">peers; ${note}</text>`,
    ...lines.flatMap(({ name, points }, i) => {
      const [colour, dash] = SERIES[i % SERIES.length];
      const path = points.map(
        ([size, value], n) => `${n === 0 ? 'M' : 'L'}${x(size).toFixed(1)} ${y(value).toFixed(1)}`,
      );
      const [lastX, lastY] = [x(points.at(-1)[0]), y(points.at(-1)[1])];
      return [
        `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`,
        ...points.map(([size, value]) => `<circle cx="${x(size)}" cy="${y(value)}" r="3" fill="${colour}"/>`),
        { lastX, lastY, name, colour },
      ];
    }),
  ];
  const names = parts.filter((part) => typeof part === 'object').toSorted((a, b) => a.lastY - b.lastY);
  let free = 0;
  const labels = names.map(({ lastX, lastY, name, colour }) => {
    free = Math.max(lastY + 4, free + 16);
    return `<text x="${lastX + 8}" y="${free}" fill="${colour}" style="fill:${colour}">${name}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">`,
    '<style>text{font:12px sans-serif;fill:#444}.title{font-weight:bold;font-size:14px}.note{font-size:11px}.grid{stroke:#8884}',
    '@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>',
    ...parts.filter((part) => typeof part === 'string'),
    ...labels,
    '</svg>\n',
  ].join('\n');
}

function niceStep(rough) {
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((one) => one * magnitude).find((one) => one >= rough);
}
