import type { LoadOptions } from '../../config/load.js';
import type { History } from '../../domain/history.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { escaped, nameOf, quoted } from '../../domain/text/printable.js';
import { span } from '../../domain/text/ago.js';
import { counted } from '../../domain/text/words.js';
import { readHistories } from '../../sources/history.js';
import { CommandError } from '../commandError.js';
import { print } from '../print.js';
import { withRegistry, type Registry } from '../registry.js';
import { marked, outputStyle, tinted, type Style } from '../style.js';
import { table } from '../table.js';
import { keysOf, KINDS, spellingsOf } from './kinds.js';
import { addressOf, plain, timeOf, TINTS } from './display.js';
import { historyRows } from './historyRows.js';
import { readPeer, type PeerRow, type ReadPeer } from './read.js';

/** Prints everything about a peer of either kind. Rejects with a `CommandError` if it is not registered. */
export async function showPeer(options: LoadOptions, uuid: string, json: boolean): Promise<void> {
  const peers = await withRegistry(options, async (registry) => {
    const found: Shown[] = [];
    for (const kind of KINDS) found.push(...(await entriesOf(registry, kind, uuid)));
    return found;
  });
  if (peers.length === 0) throw new CommandError(`no peer ${quoted(uuid)} is registered`);
  if (json) {
    const lines = peers.map(({ row, history }) => JSON.stringify({ ...row, ...(history && { history }) }));
    await print(lines.map((line) => `${escaped(line)}\n`).join(''));
    return;
  }
  const style = outputStyle();
  await print(`${peers.map((peer) => inWords(peer, style, Date.now())).join('\n\n')}\n`);
}

interface Shown extends ReadPeer {
  /** Set for a consumer that was checked. */
  readonly history: History | undefined;
}

/** The entries of a UUID in any spelling. The whole set is read only if the exact spelling is not found. */
async function entriesOf(registry: Registry, kind: PeerKind, uuid: string): Promise<readonly Shown[]> {
  const { redis, keys } = registry;
  const { set } = keysOf(registry, kind);
  const exact = (await redis.sismember(set, uuid)) === 1;
  const spellings = exact ? [uuid] : await spellingsOf(registry, set, uuid);
  const ip = await redis.hget(keys.scheduler, 'ip');
  const histories = kind === 'consumer' ? await readHistories(redis, keys, spellings.map(asLatin1)) : [];
  return Promise.all(
    spellings.map(async (one, i) => ({ ...(await readPeer(registry, kind, one, ip)), history: histories[i] })),
  );
}

/** One character per byte, as `readHistories` expects. */
function asLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function inWords(peer: Shown, style: Style, now: number): string {
  const { kind, uuid, row, state, history } = peer;
  const since = kind === 'consumer' ? timeOf(row.state_since) : undefined;
  const title = `${tinted(style, 'strong', kind)} ${nameOf(uuid)}`;
  const standing = `${marked(style, TINTS[state], state)}${since === undefined ? '' : ` for ${span(now - since)}`}`;
  const rows = kind === 'consumer' ? consumerRows(row, now) : producerRows(row, now);
  const past = history === undefined ? [] : historyRows(history, now, style.width);
  return `${title}  ${standing}\n${table([...rows, ...past], style)}`;
}

/** Fields with their own rows, or shown in the title. */
const DESCRIBED: ReadonlySet<string> = new Set([
  'kind',
  'uuid',
  'ip',
  'port',
  'state',
  'state_since',
  'available',
  'checked_at',
  'last_ok_at',
  'last_seen',
  'latency_ms',
  'failures',
  'error',
  'recent',
  'checked_by',
  'notified_ip',
  'notified_at',
  'attempts',
]);

function consumerRows(row: PeerRow, now: number): string[][] {
  const { error, latency_ms: latency, failures = '0', recent, checked_by: checkedBy } = row;
  return [
    ['address', addressOf(row)],
    ['last check', when(row.checked_at, now, 'never')],
    ['result', error === undefined ? (row.checked_at === undefined ? 'none yet' : 'answered') : plain(error)],
    ['last answer', when(row.last_ok_at, now, 'never')],
    ...(latency === undefined ? [] : [['latency', `${plain(latency)} ms`]]),
    ['failures in a row', plain(failures)],
    ...(recent === undefined ? [] : [['last results', `${plain(recent)} (${recentInWords(recent)})`]]),
    ['last call to us', when(row.last_seen, now, 'not known')],
    ...(checkedBy === undefined ? [] : [['checked by', plain(checkedBy)]]),
    ...others(row),
  ];
}

function producerRows(row: PeerRow, now: number): string[][] {
  const { notified_ip: notified, attempts, error } = row;
  return [
    ['address', addressOf(row)],
    ['knows our IP as', notified === undefined ? 'it was never told' : plain(notified)],
    ['told', when(row.notified_at, now, 'never')],
    ['attempts', plain(attempts ?? '0')],
    ...(error === undefined ? [] : [['last failure', plain(error)]]),
    ...others(row),
  ];
}

/** Fields of other programs. */
function others(row: PeerRow): string[][] {
  return Object.entries(row)
    .filter(([name]) => !DESCRIBED.has(name))
    .map(([name, value]) => [nameOf(name), plain(value)]);
}

function when(text: string | undefined, now: number, never: string): string {
  if (text === undefined) return never;
  const at = timeOf(text);
  return at === undefined ? plain(text) : `${span(now - at)} ago, ${new Date(at).toISOString()}`;
}

/** The recent results in words: `.` answered, `x` counted failure, `-` not held against the peer. */
function recentInWords(recent: string): string {
  const count = (mark: string): number => Array.from(recent).filter((one) => one === mark).length;
  const parts = [`${count('.')} answered`, `${count('x')} failed`, `${count('-')} not counted`];
  return `${counted(recent.length, 'check')}: ${parts.join(', ')}`;
}
