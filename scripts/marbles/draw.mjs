import { axisOf, momentsOf } from './timeline.mjs';

const STEP = 30;
const LEFT = 190;
const ROW = 46;
/** Between the middles of marbles that come at one moment. */
const APART = 27;
const TOP = 30;
const RADIUS = 12;
const RIGHT = 40;
const LEGEND = 22;
/** Width of one meaning of a letter. */
const COLUMN = 190;

/** In the colours of the theme that the reader has: what comes in is blue, what goes out is green. */
const STYLE = `text{font:13px system-ui,sans-serif;fill:#1f2328}
.line{stroke:#59636e;stroke-width:1.5;fill:none}.idle{stroke-dasharray:2 5}
.marble{stroke:#1f2328;stroke-width:1.5;fill:#ddf4ff}.out{fill:#dafbe1}
.letter,.gap{text-anchor:middle}.gap{font-size:11px;fill:#59636e}.legend{font-size:12px}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.line{stroke:#9198a1}.marble{stroke:#e6edf3;fill:#1f3a5f}
.out{fill:#1c4428}.gap{fill:#9198a1}}`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** The SVG of a diagram: its rows below each other on one axis of time, and what the letters mean. */
export function draw({ title, lines: labels, marbles: meanings }, recorded) {
  const rows = rowsOf(labels, recorded);
  const axis = axisOf(rows.flatMap(({ from, to, moments }) => [from, to, ...moments.map(({ at }) => at)]));
  const x = (at) => LEFT + axis.place(at) * STEP;
  const legend = Object.entries(meanings).map(([letter, meaning]) => `${letter}: ${meaning}`);
  const width = Math.max(LEFT + axis.end * STEP + RIGHT, 560);
  const perLine = Math.floor(width / COLUMN);
  let top = TOP;
  const drawn = rows.flatMap((row) => {
    const height = heightOf(row);
    top += height;
    return drawRow(row, top - height / 2, x);
  });
  const parts = [
    ...drawn,
    ...axis.breaks.map(({ place, text }) => label('gap', LEFT + place * STEP, 11, `… ${text} …`)),
    ...legend.map((text, i) =>
      label('legend', 8 + (i % perLine) * COLUMN, top + 16 + Math.floor(i / perLine) * LEGEND, text),
    ),
  ];
  const height = top + 6 + Math.ceil(legend.length / perLine) * LEGEND;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`;
}

/** A cold line is drawn once for each subscription, from its beginning to its end. */
function rowsOf(labels, recorded) {
  const rows = Object.entries(labels).flatMap(([name, label]) => {
    const found = recorded.filter((line) => (name === 'result' ? line.kind === 'expected' : line.name === name));
    if (found.length === 0) throw new Error(`the spec has no line ${name}`);
    const [{ kind, marbles, subscriptions }] = found;
    if (kind !== 'cold') {
      const moments = momentsOf(marbles);
      return [{ label, result: kind === 'expected', from: 0, to: lastOf(moments), moments }];
    }
    const several = new Set(subscriptions.map(({ from }) => from)).size > 1;
    const distinct = subscriptions.filter(({ from }, i) => subscriptions.findIndex((one) => one.from === from) === i);
    return distinct.map(({ from, to }, i) => {
      const moments = momentsOf(marbles, from, to ?? Infinity);
      return { label: several ? `${label} ${i + 1}` : label, result: false, from, to: to ?? lastOf(moments), moments };
    });
  });
  // A spec may look on for longer than anything happens.
  const end = lastOf(rows.flatMap(({ moments }) => moments));
  return rows.map((row) => ({ ...row, to: Math.min(row.to, end) }));
}

function lastOf(moments) {
  return Math.max(0, ...moments.map(({ at }) => at));
}

function heightOf({ moments }) {
  const most = Math.max(1, ...[...grouped(moments).values()].map((together) => together.filter(isMarble).length));
  return ROW + (most - 1) * APART;
}

function isMarble({ text }) {
  return text !== '|' && text !== '#';
}

function drawRow({ label: text, result, from, to, moments }, y, x) {
  const drawn = [...grouped(moments)].flatMap(([at, together]) => {
    const several = together.filter(isMarble);
    const middle = (several.length - 1) / 2;
    return [
      ...together.filter((one) => !isMarble(one)).map((one) => end(one.text, x(at), y)),
      ...several.map((one, i) => marble(one.text, x(at), y + (i - middle) * APART, result)),
    ];
  });
  return [
    label('name', 8, y + 4, text),
    `<line class="line${moments.length === 0 ? ' idle' : ''}" x1="${x(from)}" x2="${x(to) + 14}" y1="${y}" y2="${y}"/>`,
    ...drawn,
  ];
}

function grouped(moments) {
  const groups = new Map();
  for (const moment of moments) groups.set(moment.at, [...(groups.get(moment.at) ?? []), moment]);
  return groups;
}

function end(kind, x, y) {
  if (kind === '|') return `<path class="line" d="M${x + 14} ${y - 12}V${y + 12}"/>`;
  return `<path class="line" d="M${x + 8} ${y - 7}l12 14m0 -14l-12 14"/>`;
}

function marble(letter, x, y, result) {
  return `<circle class="marble${result ? ' out' : ''}" cx="${x}" cy="${y}" r="${RADIUS}"/>${label('letter', x, y + 4, letter)}`;
}

function label(kind, x, y, text) {
  return `<text class="${kind}" x="${x}" y="${y}">${escaped(text)}</text>`;
}
