import { html } from 'hono/html';
import { clockTime, span } from '../domain/text/ago.js';
import { grouped, many, millis, percent } from '../domain/text/figures.js';
import { lamps } from '../domain/text/lamps.js';
import { escaped, nameOf } from '../domain/text/printable.js';
import type { ConsumerRow, ProducerRow, Status } from './schema.js';

type Row = ConsumerRow | ProducerRow;

const WIDTH = 80;
const WORDS = { ok: 'OK', notice: 'Note', bad: 'Act' } as const;

/** The page as HTML, for browsers without scripts, and until the script has newer data. */
export function snapshotHtml(status: Status, peers: readonly Row[]): string {
  const { as_of: now } = status;
  // The template contains no promise, so the result is a string.
  return html`<div class="snapshot">
    <header class="verdict">
      <h1>${WORDS[status.level]}: ${escaped(status.summary)}</h1>
      <p class="age">as of ${clockTime(now, now)}; reload for newer</p>
      ${
        status.problems.length === 0
          ? ''
          : html`<ul class="problems" aria-label="Problems">
              ${status.problems.map(
                ({ level, text, advice, since }) =>
                  html`<li class="${level}">
                    <span>${level === 'bad' ? '✕' : '▲'}</span>
                    <p><strong>${escaped(text)}</strong> ${escaped(advice)}</p>
                    <span class="age">${since === null ? '' : `since ${clockTime(since, now)}`}</span>
                  </li>`,
              )}
            </ul>`
      }
    </header>
    ${facts(status).map(
      ({ title, lines }) =>
        html`<section class="card">
          <h2>${title}</h2>
          <table>
            <tbody>
              ${lines.map(
                ([name, value]) =>
                  html`<tr>
                    <th scope="row">${name}</th>
                    <td>${value}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </section>`,
    )}
    <section class="card">
      <h2>Peers, problems first</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Peer</th>
            <th scope="col">Address</th>
            <th scope="col">State</th>
            <th scope="col">For</th>
            <th scope="col">Latency</th>
            <th scope="col">24 h</th>
          </tr>
        </thead>
        <tbody>
          ${peers.map(
            (row) =>
              html`<tr>
                ${cells(row, now).map((cell) => html`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </section>
  </div>` as string;
}

/** The same as text with 80 columns, for a terminal. */
export function snapshotText(status: Status, peers: readonly Row[]): string {
  const { as_of: now } = status;
  const problems = status.problems.flatMap(({ level, text, advice, since }) => [
    ...wrapped(
      `${level === 'bad' ? 'x' : '!'} ${escaped(text)}${since === null ? '' : ` (since ${clockTime(since, now)})`}`,
      2,
    ),
    ...wrapped(`  ${escaped(advice)}`, 2),
  ]);
  const sections = facts(status).flatMap(({ title, lines }) => [
    '',
    title,
    ...lines.flatMap(([name, value]) => wrapped(`  ${name.padEnd(18)}${value}`, 20)),
  ]);
  const table = peers.length === 0 ? [] : ['', 'Peers, problems first', ...peers.map((row) => rowText(row, now))];
  return [...wrapped(`${WORDS[status.level]}: ${escaped(status.summary)}`, 0), ...problems, ...sections, ...table].join(
    '\n',
  );
}

interface Facts {
  readonly title: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
}

function facts(status: Status): readonly Facts[] {
  return [
    {
      title: 'Me, them, or the line',
      lines: [
        ...lamps(status).map(({ name, word, evidence }) => [name, `${word} (${escaped(evidence)})`] as const),
        ...reachability(status),
      ],
    },
    { title: 'Who knows our address', lines: address(status) },
    { title: 'Rounds', lines: rounds(status) },
  ];
}

function reachability({
  reachability: { they_answer_us: answer, they_call_us: call, last_call_at: last },
  as_of: now,
}: Status): Facts['lines'] {
  const called = last === null ? '' : `, the last ${span(now - last)} ago`;
  return [
    ['They answer us', share(answer)],
    ['They call us', call === null ? 'unknown' : `${share(call)}${called}`],
  ];
}

function share({ count, of, share: part }: Status['reachability']['they_answer_us']): string {
  return `${percent(part)}, ${grouped(count)} of ${grouped(of)}`;
}

function address({ ip, announcements, as_of: now }: Status): Facts['lines'] {
  const since = ip.since === null ? '' : `, ours for ${span(now - ip.since)}`;
  const sources = ip.sources.map(({ name, result, answer }) => `${name} ${answer ?? result ?? 'not asked'}`).join(', ');
  return [
    ['Public IP', ip.value === null ? 'not known' : `${escaped(ip.value)}${since}`],
    ...(sources === '' ? [] : ([['Sources', escaped(sources)]] as const)),
    ['Producers', share(announcements.producers_know)],
    ['Consumers', share(announcements.consumers_know)],
    ...announcements.owing
      .slice(0, 5)
      .map(
        ({ uuid, attempts, error }) =>
          [
            'Still owing',
            `${nameOf(uuid)}, ${many(attempts, 'attempt')}${error === null ? '' : `, ${escaped(error)}`}`,
          ] as const,
      ),
  ];
}

function rounds({ round, lanes, latency }: Status): Facts['lines'] {
  const { running } = lanes.regular;
  const ended =
    round.took_ms === null
      ? 'none has ended yet'
      : `${millis(round.took_ms)}, ${grouped(round.ok ?? 0)} answered, ${grouped(round.failed ?? 0)} failed`;
  return [
    [
      round.number === null ? 'Round' : `Round ${grouped(round.number)}`,
      running === null ? ended : `under way, ${grouped(running.done)} of ${grouped(running.total)}`,
    ],
    ...Object.entries(lanes).map(([name, lane]) => {
      const oldest =
        lane.oldest_check_seconds === null
          ? ''
          : `, oldest check ${String(Math.round(lane.oldest_check_seconds))} s ago`;
      return [
        `Lane ${name}`,
        `${many(lane.peers, 'peer')}${oldest}${lane.skipped > 0 ? `, ${grouped(lane.skipped)} skipped` : ''}`,
      ] as const;
    }),
    ['Latency', `p50 ${millis(latency.p50_ms)}, p95 ${millis(latency.p95_ms)}, p99 ${millis(latency.p99_ms)}`],
  ];
}

function cells(row: Row, now: number): readonly string[] {
  const state = row.error === null ? row.state : `${row.state}, ${escaped(row.error)}`;
  const address = escaped(row.ip ?? '–');
  if (row.kind === 'producer') return [nameOf(row.uuid), address, state, '', '', ''];
  const since = row.state_since === null ? '–' : span(now - row.state_since);
  return [nameOf(row.uuid), address, state, since, millis(row.latency_ms), percent(row.uptime_24h)];
}

function rowText(row: Row, now: number): string {
  const [uuid = '', address = '', state = '', since = ''] = cells(row, now);
  return `  ${fit(uuid, 14)} ${fit(address, 22)} ${fit(state, 30)} ${since}`.trimEnd();
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** Wraps to lines of at most 80 columns. Lines after the first are indented. A longer word is cut. */
function wrapped(text: string, indent: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > WIDTH) {
    const space = rest.lastIndexOf(' ', WIDTH);
    const end = space > indent ? space : WIDTH;
    lines.push(rest.slice(0, end));
    rest = ' '.repeat(indent) + rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
