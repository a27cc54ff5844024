import { nameOf } from '../domain/text/printable.js';
import { span } from '../domain/text/ago.js';
import { isoOf, type Counts, type State } from './statusSentence.js';
import { tinted, type Style } from './style.js';
import { table } from './table.js';

/** Fields with their own labels. Any other field is shown with its name. */
const GROUPS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    'scheduler',
    [
      ['uuid', 'UUID'],
      ['version', 'version'],
      ['instance', 'instance'],
      ['host', 'host'],
      ['pid', 'process'],
      ['leader_since', 'leader since'],
      ['heartbeat_at', 'last sign of life'],
      ['isolated', 'offline'],
    ],
  ],
  [
    'rounds',
    [
      ['round', 'round'],
      ['round_started_at', 'began'],
      ['round_finished_at', 'ended'],
      ['round_ok', 'answered'],
      ['round_failed', 'did not answer'],
    ],
  ],
  [
    'public IP',
    [
      ['ip', 'address'],
      ['ip_changed_at', 'since'],
      ['ip_checked_at', 'last confirmed'],
    ],
  ],
];

const TIME = /(_at|_since)$/;

/** The state of the scheduler and the size of the registry, as titled tables. */
export function statusTables(state: State, counts: Counts, style: Style, now: number): string {
  const known = new Set(GROUPS.flatMap(([, fields]) => fields.map(([field]) => field)));
  const others = Object.keys(state).filter((field) => !known.has(field));
  const sections = GROUPS.map(([title, fields]) => section(title, rowsOf(state, fields, now), style));
  const registry = [
    ['consumers', String(counts.consumers)],
    ['producers', String(counts.producers)],
    ['still to be told our IP', String(counts.announcements_pending)],
  ];
  return [
    ...sections,
    section('registry', registry, style),
    section(
      'further',
      rowsOf(
        state,
        others.map((field) => [field, nameOf(field)]),
        now,
      ),
      style,
    ),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function section(title: string, rows: readonly (readonly string[])[], style: Style): string {
  if (rows.length === 0) return '';
  // All sections use one width for names, so that their values are aligned.
  const lines = table(
    rows.map(([name = '', value = '']) => [name.padEnd(NAMES), value]),
    style,
  );
  return `${tinted(style, 'strong', title)}\n${lines}`;
}

const NAMES = 'still to be told our IP'.length;

function rowsOf(state: State, fields: readonly (readonly [string, string])[], now: number): string[][] {
  return fields.flatMap(([field, name]) => {
    const value = state[field];
    return value === undefined ? [] : [[name, valueOf(field, value, now)]];
  });
}

function valueOf(field: string, value: string, now: number): string {
  if (field === 'isolated') return value === '1' ? 'yes' : 'no';
  const at = Number(value);
  if (!TIME.test(field) || !(at > 0)) return nameOf(value);
  return `${isoOf(value)} (${span(now - at)} ago)`;
}
