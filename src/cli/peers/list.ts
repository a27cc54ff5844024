import { PRODUCER_STATES } from '../../domain/announce/producerState.js';
import type { LoadOptions } from '../../config/load.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { escaped, quoted } from '../../domain/text/printable.js';
import { UsageError } from '../commandError.js';
import { print } from '../print.js';
import { withRegistry, type Registry } from '../registry.js';
import { outputStyle } from '../style.js';
import { KINDS, kindOf } from './kinds.js';
import { headOf, lineOf } from './listTable.js';
import { CONSUMER_STATES, readPeers, type ReadPeer } from './read.js';
import { comparing, SORTS } from './sort.js';

export interface ListOptions {
  /** States, separated by commas. */
  readonly state?: string;
  /** One of `SORTS`; a leading - reverses the order. */
  readonly sort?: string;
  readonly json: boolean;
}

/** The fields for the table and for sorting. */
const FIELDS: Readonly<Record<PeerKind, readonly string[]>> = {
  consumer: ['ip', 'port', 'state', 'state_since', 'checked_at', 'latency_ms', 'failures', 'error'],
  producer: ['ip', 'port', 'notified_ip', 'notified_at', 'attempts', 'error'],
};

type Compare = (a: ReadPeer, b: ReadPeer) => number;

/**
 * Prints the registry, one kind of peer or both, as a table or as JSON with one object per line. Output starts
 * during the read, unless it must be sorted.
 */
export async function listPeers(options: LoadOptions, kind: string | undefined, list: ListOptions): Promise<void> {
  const kinds = kind === undefined ? KINDS : [kindOf(kind)];
  const states = statesOf(list.state, kinds);
  const compare = compareBy(list.sort);
  await withRegistry(options, async (registry) => {
    let found = 0;
    for (const one of kinds) {
      const gap = found > 0 && !list.json ? '\n' : '';
      const printed = await printKind(registry, one, { json: list.json, gap }, states, compare);
      if (printed === undefined) return;
      found += printed;
    }
    if (found > 0 || list.json) return;
    await print(states === undefined ? 'no peers are registered\n' : `no peer is ${[...states].join(' or ')}\n`);
  });
}

/** The number of printed peers; undefined if the output was closed. */
async function printKind(
  registry: Registry,
  kind: PeerKind,
  { json, gap }: { readonly json: boolean; readonly gap: string },
  states: ReadonlySet<string> | undefined,
  compare: Compare | undefined,
): Promise<number | undefined> {
  const style = outputStyle();
  const now = Date.now();
  let found = 0;
  for await (const page of pagesOf(registry, kind, json ? undefined : FIELDS[kind], compare)) {
    const wanted = page.filter(({ state }) => states?.has(state) ?? true);
    if (wanted.length === 0) continue;
    const lines = json
      ? wanted.map(({ row }) => escaped(JSON.stringify(row)))
      : wanted.map((peer) => lineOf(peer, style, now));
    if (!json && found === 0) lines.unshift(`${gap}${headOf(kind, style)}`);
    found += wanted.length;
    if (!(await print(`${lines.join('\n')}\n`))) return undefined;
  }
  return found;
}

async function* pagesOf(
  registry: Registry,
  kind: PeerKind,
  fields: readonly string[] | undefined,
  compare: Compare | undefined,
): AsyncGenerator<readonly ReadPeer[]> {
  if (compare === undefined) {
    yield* readPeers(registry, kind, fields);
    return;
  }
  const all: ReadPeer[] = [];
  for await (const page of readPeers(registry, kind, fields)) all.push(...page);
  yield all.sort(compare);
}

function statesOf(text: string | undefined, kinds: readonly PeerKind[]): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined;
  const known = new Set<string>(kinds.flatMap((kind) => (kind === 'consumer' ? CONSUMER_STATES : PRODUCER_STATES)));
  const wanted = text.split(',').map((one) => one.trim());
  const unknown = wanted.find((one) => !known.has(one));
  if (unknown !== undefined) {
    throw new UsageError(
      `--state ${quoted(unknown)}: expected some of ${[...known].join(', ')}, with commas between them`,
    );
  }
  return new Set(wanted);
}

function compareBy(text: string | undefined): Compare | undefined {
  if (text === undefined) return undefined;
  const key = SORTS.find((one) => one === text.replace(/^-/, ''));
  if (key === undefined) {
    throw new UsageError(`--sort ${quoted(text)}: expected one of ${SORTS.join(', ')}, with - before it to reverse`);
  }
  return comparing(key, text.startsWith('-'));
}
