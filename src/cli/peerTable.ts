import Table from 'cli-table3';
import { nameOf, quoted } from '../domain/text/printable.js';

/** The fields of an entry, with its `kind` and `uuid`. */
export type PeerRow = Readonly<Record<string, string>>;

/** The registry for people. */
export function peerTable(rows: readonly PeerRow[]): string {
  const table = new Table({ head: ['kind', 'uuid', 'address', 'state', 'last'], style: { head: [], border: [] } });
  for (const row of rows) {
    const { kind = '', uuid = '', ip, port } = row;
    const address = `${ip ?? 'none'}${port === undefined ? '' : ` port ${port}`}`;
    const [state, last] = kind === 'consumer' ? consumerState(row) : producerState(row);
    table.push([kind, nameOf(uuid), plain(address), plain(state), plain(last)]);
  }
  return rows.length === 0 ? 'no peers are registered' : table.toString();
}

/** What it is, and what came of the last check. */
function consumerState({ state, checked_at: checkedAt, error }: PeerRow): readonly [string, string] {
  if (error === 'address-invalid' || error === 'address-denied') return ['not called', error];
  if (checkedAt === undefined) return ['never checked', ''];
  return [state ?? 'not judged yet', error ?? 'ok'];
}

/** Which IP of ours it knows, and what came of the last call. */
function producerState({ notified_ip: notified, error }: PeerRow): readonly [string, string] {
  if (notified === undefined) return ['never told', error ?? ''];
  return [`told ${notified}`, error ?? 'ok'];
}

/** What somebody else stored must not steer the terminal. */
function plain(text: string): string {
  return quoted(text).slice(1, -1);
}
