import type { Config } from '../../config/config.js';
import { readEntry } from '../../domain/peer/entry.js';
import { familyOf, type Family } from '../../domain/ip/scope.js';
import type { RegistryEntry } from '../../domain/peer/peer.js';
import { nameOf } from '../../domain/text/printable.js';
import { counted } from '../../domain/text/words.js';
import { FEW_HOURS, historyBytes, isLarge } from '../historyMemory.js';
import { fault, ok, warning, type Finding } from './finding.js';

const REGISTRY = 'registry';
const HISTORY = 'history';
const FAMILIES = 'address families';

/** Maximum number of names per kind of finding. */
const MAX_NAMED = 10;
/** Maximum number of addresses kept to find duplicates. Later ones are not compared. */
const MAX_ADDRESSES = 200_000;
/** Ends before the time limit of the check. */
const TIME_LIMIT_MS = 8_000;

export interface RegistryContext {
  readonly config: Pick<Config, 'network' | 'history' | 'sync'>;
  /** In lower case, if known. */
  readonly uuid: string | undefined;
  /** The stored public IP. */
  readonly ip: string | null;
  /** The address families of this host. */
  readonly families: ReadonlySet<Family>;
}

interface Seen {
  count: number;
  cutShort: boolean;
  self: boolean;
  readonly malformed: Named;
  readonly denied: Named;
  readonly duplicates: Named;
  readonly atOwnIp: Named;
  /** Callable consumers by family. */
  readonly families: Map<Family, number>;
  /** The first consumer of each address. */
  readonly addresses: Map<string, string>;
}

/** The count, and the first names. */
interface Named {
  count: number;
  readonly names: string[];
}

/** Reads the consumers once, in pages and with a time limit, and reports irregular entries. */
export async function checkRegistry(
  pages: AsyncIterable<readonly RegistryEntry[]>,
  context: RegistryContext,
  steady: () => number,
): Promise<readonly Finding[]> {
  const seen: Seen = {
    count: 0,
    cutShort: false,
    self: false,
    malformed: { count: 0, names: [] },
    denied: { count: 0, names: [] },
    duplicates: { count: 0, names: [] },
    atOwnIp: { count: 0, names: [] },
    families: new Map(),
    addresses: new Map(),
  };
  const until = steady() + TIME_LIMIT_MS;
  for await (const page of pages) {
    for (const entry of page) examineEntry(seen, entry, context);
    seen.cutShort = steady() > until;
    if (seen.cutShort) break;
  }
  return [...findingsOf(seen), ...ofHistory(seen, context), ...ofFamilies(seen, context)];
}

function examineEntry(seen: Seen, { uuid, stored }: RegistryEntry, { config, uuid: own, ip }: RegistryContext): void {
  seen.count += 1;
  if (uuid.toLowerCase() === own) {
    seen.self = true;
    return;
  }
  const entry = readEntry(stored, config.network.allow);
  if (!entry.ok) {
    note(entry.error === 'address-denied' ? seen.denied : seen.malformed, `${nameOf(uuid)} (${entry.detail})`);
    return;
  }
  const { address, scope } = entry;
  const family = familyOf(scope);
  seen.families.set(family, (seen.families.get(family) ?? 0) + 1);
  const place = `${address.ip} ${address.port ?? config.sync.port}`;
  const first = seen.addresses.get(place);
  if (first === undefined) {
    if (seen.addresses.size < MAX_ADDRESSES) seen.addresses.set(place, uuid);
  } else if (first !== uuid) {
    note(seen.duplicates, `${nameOf(uuid)} and ${nameOf(first)} (${place.replace(' ', ' port ')})`);
  }
  if (address.ip === ip && (address.port ?? config.sync.port) === config.sync.port) note(seen.atOwnIp, nameOf(uuid));
}

function note(named: Named, name: string): void {
  named.count += 1;
  if (named.names.length < MAX_NAMED) named.names.push(name);
}

function* findingsOf(seen: Seen): Generator<Finding> {
  const { malformed, denied, duplicates, atOwnIp, self, count, cutShort } = seen;
  const total = counted(count, 'consumer');
  if (cutShort)
    yield warning(REGISTRY, `only the first ${total} were looked at, for lack of time`, 'a Redis nearer by');
  else yield ok(REGISTRY, count === 0 ? 'there are no consumers yet' : `${total} in it`);
  if (malformed.count > 0) {
    const text = `${counted(malformed.count, 'consumer')} can't be called, malformed: ${listed(malformed)}`;
    yield warning(REGISTRY, text, 'see to what the API stores there; `peers remove consumer UUID` takes one away');
  }
  if (denied.count > 0) {
    const text = `${counted(denied.count, 'consumer')} may not be called: ${listed(denied)}`;
    yield warning(REGISTRY, text, 'add the class of their addresses to network.allow, or remove them');
  }
  if (duplicates.count > 0) {
    const text = `${counted(duplicates.count, 'consumer')} at the address of another one: ${listed(duplicates)}`;
    yield warning(REGISTRY, text, 'one of each two is out of date: it fails as identity-mismatch, and can be removed');
  }
  if (self) {
    yield warning(REGISTRY, 'we are a consumer of our own registry', 'harmless, since we never call ourselves');
  }
  if (atOwnIp.count > 0) {
    const text = `${counted(atOwnIp.count, 'consumer')} at our own public IP: ${listed(atOwnIp)}`;
    yield warning(REGISTRY, text, 'a node behind the same NAT needs a port of its own; a former UUID of ours can go');
  }
}

function listed({ count, names }: Named): string {
  return `${names.join(', ')}${count > names.length ? ` and ${count - names.length} more` : ''}`;
}

/** Estimates the Redis memory for the history of these consumers. */
function ofHistory({ count }: Seen, { config: { history } }: RegistryContext): readonly Finding[] {
  const { hours, days } = history;
  const megabytes = (kept: number): number => Math.round(historyBytes(count, { hours: kept, days }) / 1_000_000);
  const text = `that of ${counted(count, 'consumer')} takes about ${megabytes(hours)} MB of Redis' memory when it is full`;
  if (!isLarge(count, history)) return [ok(HISTORY, text)];
  const advice = `set history.hours to fewer than ${hours}: with ${FEW_HOURS} it takes about ${megabytes(FEW_HOURS)} MB`;
  return [warning(HISTORY, text, advice)];
}

/** A host without an address of a family cannot call the peers of that family. */
function ofFamilies({ families: needed }: Seen, { families }: RegistryContext): readonly Finding[] {
  const text =
    families.size === 0
      ? 'this host has no address but loopback'
      : `this host has ${[...families].sort().join(' and ')}`;
  const missing = [...needed].filter(([family]) => !families.has(family) && families.size > 0);
  if (families.size === 0) return [warning(FAMILIES, text, 'connect it to a network, where its peers are not on it')];
  if (missing.length === 0) return [ok(FAMILIES, text)];
  return missing.map(([family, n]) =>
    fault(
      FAMILIES,
      `${text}, but no ${family} address, and so no way to ${counted(n, 'consumer')}`,
      `give this host an ${family} address; without one they count as unreachable`,
    ),
  );
}
