import { span } from '../../domain/text/ago.js';
import { nameOf } from '../../domain/text/printable.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { cut, marked, tinted, type Style } from '../style.js';
import { addressOf, plain, timeOf, TINTS } from './display.js';
import type { PeerRow, ReadPeer } from './read.js';

/*
 * The table of `peers list`. It is printed while the registry is being read, so the width of a column cannot depend
 * on its cells. 80 columns hold a whole UUID, the state, an IPv4 address, the age and the result.
 */

const UUID = 36;
/** An IPv4 address, with a port if the terminal is wide. A longer address shifts the rest of its line. */
const addressWidth = ({ width }: Style): number => (width < 100 ? 15 : 21);
const AGE = 5;
const STATE: Readonly<Record<PeerKind, number>> = { consumer: 11, producer: 7 };

/** The column titles. */
export function headOf(kind: PeerKind, style: Style): string {
  const names = [
    kind.padEnd(UUID),
    'state'.padEnd(STATE[kind] + 2),
    'address'.padEnd(addressWidth(style)),
    'age'.padStart(AGE),
    kind === 'consumer' ? 'result' : 'IP',
  ];
  return tinted(style, 'dim', names.join(' ').trimEnd());
}

/** One peer as a line, cut to the width of a terminal. */
export function lineOf({ kind, uuid, row, state }: ReadPeer, style: Style, now: number): string {
  const at = timeOf(kind === 'consumer' ? row.checked_at : row.notified_at);
  const before = `${nameOf(uuid).padEnd(UUID)} `;
  const after = [
    addressOf(row).padEnd(addressWidth(style)),
    (at === undefined ? neverIn(kind, row) : briefly(now - at)).padStart(AGE),
    kind === 'consumer' ? resultOf(row) : ipOf(row),
  ];
  const left = style.width - before.length - STATE[kind] - 3;
  const text = ` ${after.join(' ')}`.trimEnd();
  return `${before}${marked(style, TINTS[state], state.padEnd(STATE[kind]))}${style.terminal ? cut(text, left + 1) : text}`;
}

/** `never` for a consumer without a check. An entry that may not be called has its fault as the result. */
function neverIn(kind: PeerKind, { error }: PeerRow): string {
  return kind === 'consumer' && error === undefined ? 'never' : '';
}

/** The age of the last check or ack: `4s`, `12m`, `3h`, `5d`. */
function briefly(ms: number): string {
  return span(ms).replace(' min', 'm').replace(' ', '');
}

/** The result of the last check. */
function resultOf({ error, latency_ms: latency, checked_at: checkedAt }: PeerRow): string {
  if (error !== undefined) return plain(error);
  if (checkedAt === undefined) return '';
  return latency === undefined ? 'ok' : `${plain(latency)} ms`;
}

/** The IP that a producer knows, and the failure of the current announcement. */
function ipOf({ notified_ip: ip, attempts, error }: PeerRow): string {
  const tried = error === undefined ? [] : [`${plain(error)} (${plain(attempts ?? '1')})`];
  return [...(ip === undefined ? [] : [plain(ip)]), ...tried].join(' ');
}
