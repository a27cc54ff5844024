import { escaped, nameOf } from './printable.js';
import { counted, duration } from './words.js';

/*
 * Describes entries of `<p>events` in plain sentences. Other programs may write to the stream too, so no entry is
 * trusted: texts are escaped and cut, and an unknown entry is shown unchanged.
 */

/** An entry of the stream. */
export interface StreamEntry {
  readonly type: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** JSON. */
  readonly data: string;
}

/** Adjacent entries that report the same about several peers. */
export interface FoldedEntry extends StreamEntry {
  readonly count: number;
}

type Data = Readonly<Record<string, unknown>>;

const MAX_LENGTH = 200;

/** An entry as a plain sentence. An unknown type is shown with its data. */
export function describeEntry(type: string, data: string): string {
  const read = parsed(data);
  const words = read === undefined ? undefined : (ofPeer(type, read) ?? ofNode(type, read));
  return words ?? raw(type, data);
}

/** The same for folded entries: `14 peers are unavailable (timeout)`. */
export function describeFolded({ type, data, count }: FoldedEntry): string {
  if (count === 1) return describeEntry(type, data);
  const read = parsed(data) ?? {};
  const why = read.error === undefined && read.reason === undefined ? '' : ` (${name(read, 'error', 'reason')})`;
  const [, state = ''] = type.split('.');
  switch (type) {
    case 'peer.malformed':
      return `${counted(count, 'entry', 'entries')} of the registry are not called${why}`;
    case 'announcement.acknowledged':
      return `${counted(count, 'producer')} acknowledged ${name(read, 'ip')}`;
    case 'announcement.failed':
      return `${counted(count, 'producer')} did not acknowledge ${name(read, 'ip')}${why}`;
    case 'announcement.dropped':
      return `${counted(count, 'producer')} left the registry before they acknowledged`;
    default:
      return `${counted(count, 'peer')} are ${nameOf(state)}${why}`;
  }
}

const FOLDED: ReadonlySet<string> = new Set([
  'peer.available',
  'peer.suspect',
  'peer.unavailable',
  'peer.malformed',
  'announcement.acknowledged',
  'announcement.failed',
  'announcement.dropped',
]);

/**
 * Joins adjacent entries that differ only in the peer and the time. The result has the data and the time of the last
 * one.
 */
export function foldEntries(entries: readonly StreamEntry[]): readonly FoldedEntry[] {
  const folded: FoldedEntry[] = [];
  let key = '';
  for (const entry of entries) {
    const own = FOLDED.has(entry.type) ? foldKey(entry) : '';
    const last = folded.at(-1);
    if (last !== undefined && own !== '' && own === key)
      folded[folded.length - 1] = { ...entry, count: last.count + 1 };
    else folded.push({ ...entry, count: 1 });
    key = own;
  }
  return folded;
}

function foldKey({ type, data }: StreamEntry): string {
  const { error, reason, ip } = parsed(data) ?? {};
  return JSON.stringify([type, error, reason, ip]);
}

/** Entries about one peer. */
function ofPeer(type: string, data: Data): string | undefined {
  const producer = `producer ${name(data, 'uuid')}`;
  switch (type) {
    case 'peer.available':
    case 'peer.suspect':
    case 'peer.unavailable': {
      const before = data.before === undefined ? '' : `, was ${name(data, 'before')}`;
      const why = data.error === undefined ? '' : ` (${name(data, 'error')})`;
      return `consumer ${name(data, 'uuid')} is ${type.slice('peer.'.length)}${before}${why}`;
    }
    case 'peer.malformed':
      return `${name(data, 'peer')} ${name(data, 'uuid')} is not called: ${name(data, 'error')}`;
    case 'announcement.acknowledged':
      return `${producer} acknowledged ${name(data, 'ip')}`;
    case 'announcement.failed':
      return `${producer} did not acknowledge ${name(data, 'ip')} (${name(data, 'reason')}), it is told again`;
    case 'announcement.dropped':
      return `${producer} left the registry before it acknowledged`;
    case 'announcement.outdated':
      return `what ${producer} said to ${name(data, 'ip')} counts no longer: ${outdated(data)}`;
    default:
      return undefined;
  }
}

/** Entries about this node, its line and its host. */
function ofNode(type: string, data: Data): string | undefined {
  switch (type) {
    case 'isolation.began': {
      const meant = counted(number(data, 'peers'), 'peer');
      return `no witness answers over ${text(data, 'scope')}: failures are not counted against its ${meant}`;
    }
    case 'isolation.ended':
      return data.peers === undefined
        ? `a witness answers over ${text(data, 'scope')} again`
        : `too few peers are left over ${text(data, 'scope')} to tell whether we are online there`;
    case 'family.missing':
      return `this host has no ${text(data, 'family')} address, so ${counted(number(data, 'peers'), 'peer')} can't be called`;
    case 'family.found':
      return `this host has an ${text(data, 'family')} address now`;
    case 'clock.gap':
      return `the process stood still for ${duration(number(data, 'gapMs'))}: what was in flight meanwhile is not judged`;
    case 'host.short':
      return 'this host is out of file descriptors, ports or memory';
    case 'host.recovered':
      return 'this host has what its calls need again';
    case 'round.skipped':
      return 'a round was skipped: the one before was still under way';
    case 'events.folded':
      return `too many events about single peers to keep each: ${countsOf(data)}`;
    case 'process.stopping':
      return `${name(data, 'signal')}: the scheduler stops`;
    default:
      return ofIp(type, data) ?? ofService(type, data) ?? ofReplicas(type, data);
  }
}

/** Entries about our public IP and its announcements. */
function ofIp(type: string, data: Data): string | undefined {
  switch (type) {
    case 'ip.confirmed':
      return `public IP is ${name(data, 'ip')}${by(list(data, 'agreed'))}`;
    case 'ip.unknown':
      return `could not find the public IP${data.known === undefined ? '' : `; ${name(data, 'known')} stays announced`}`;
    case 'ip.disagreed':
      return `the sources of the public IP disagree: ${list(data, 'answers')}`;
    case 'ip.held':
      return `public IP changes too often: ${name(data, 'ip')} is announced once it has stood for ${duration(number(data, 'quietMs'))}`;
    case 'ip.changed': {
      const change = data.previous === undefined ? 'is now' : `changed from ${name(data, 'previous')} to`;
      return `public IP ${change} ${name(data, 'ip')}: ${counted(number(data, 'producers'), 'producer')} to tell`;
    }
    case 'announcements.added':
      return `${name(data, 'ip')} is told to ${counted(number(data, 'newcomers'), 'newcomer')}`;
    case 'announcements.complete':
      return `every producer has acknowledged ${name(data, 'ip')}`;
    default:
      return undefined;
  }
}

/** Entries about Redis and the configuration. */
function ofService(type: string, data: Data): string | undefined {
  switch (type) {
    case 'redis.up':
      return 'Redis is there';
    case 'redis.down':
      return `Redis can't be used: ${text(data, 'reason')}`;
    case 'redis.caught-up': {
      const written = number(data, 'written');
      return `${text(data, 'what')} works again: ${counted(written, 'verdict')} that waited in memory ${written === 1 ? 'is' : 'are'} written`;
    }
    case 'embedded.ended':
      return `the embedded redis-server has ended and is started again in ${duration(number(data, 'retryInMs'))}: ${text(data, 'reason')}`;
    case 'config.reloaded':
      return list(data, 'changed') === ''
        ? 'the configuration is valid again and has not changed'
        : `configuration reloaded: ${list(data, 'changed')} changed`;
    case 'config.rejected':
      return `new configuration ignored: ${list(data, 'problems')}`;
    case 'config.needs-restart':
      if (Array.isArray(data.keys) && data.keys.length === 0) return 'no restart is needed any more';
      return `a restart is needed for the new ${Array.isArray(data.keys) && data.keys.length > 1 ? 'values' : 'value'} of ${list(data, 'keys')}`;
    default:
      return undefined;
  }
}

/** Entries about the lease of the registry, its shares, and the replicas. */
function ofReplicas(type: string, data: Data): string | undefined {
  switch (type) {
    case 'leader.took': {
      const after =
        data.afterMs === undefined
          ? ''
          : `, ${duration(number(data, 'afterMs'))} after the last sign of life of the one before`;
      return `this scheduler works on the registry (term ${String(number(data, 'term'))})${after}`;
    }
    case 'leader.lost': {
      const holder = recordOf(data, 'holder');
      const where = holder.host === undefined ? '' : `, on host ${name(holder, 'host')},`;
      return `another scheduler${where} has taken over the registry`;
    }
    case 'shares.changed': {
      const [held, of, gained, lost] = ['held', 'of', 'gained', 'lost'].map((field) => String(number(data, field)));
      return `this replica has ${held ?? ''} of ${of ?? ''} shares (${gained ?? ''} gained, ${lost ?? ''} lost)`;
    }
    case 'shares.doubtful': {
      const held = number(data, 'held');
      return `it is in doubt whether ${counted(held, 'share')} ${held === 1 ? 'is' : 'are'} still held by this replica`;
    }
    case 'shares.renewed':
      return `this replica holds ${counted(number(data, 'held'), 'share')} again`;
    case 'verdicts.fenced': {
      const rows = number(data, 'rows');
      return `${counted(rows, 'result')} ${rows === 1 ? 'is' : 'are'} not written: another replica has the share by now`;
    }
    case 'replica.joined':
      return `replica ${name(data, 'name', 'instance')} has joined`;
    case 'replica.left':
      return `replica ${name(data, 'name', 'instance')} has left`;
    case 'replica.elsewhere':
      return `the public IP of this replica is ${name(data, 'ip')}, and that of the node ${name(data, 'stored')}: it gives up its shares`;
    case 'replica.returned':
      return `the public IP of this replica is the node's again (${name(data, 'ip')})`;
    default:
      return undefined;
  }
}

function outdated({ why }: Data): string {
  switch (why) {
    case 'ip':
      return 'our IP is another one by now';
    case 'address':
      return 'it has another address by now, and is told again there';
    case 'left':
      return 'it has left the registry';
    default:
      return 'another attempt had told it before';
  }
}

/** The counts by type of events that exceeded the rate limit. */
function countsOf({ counts }: Data): string {
  if (typeof counts !== 'object' || counts === null) return 'unknown';
  return Object.entries(counts)
    .map(([type, n]) => `${String(n)} ${type}`)
    .reduce((all, one) => short(all === '' ? one : `${all}, ${one}`), '');
}

function by(sources: string): string {
  return sources === '' ? '' : ` (${sources})`;
}

function parsed(data: string): Data | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : undefined;
  } catch {
    return undefined;
  }
}

function raw(type: string, data: string): string {
  const shown = data === '{}' || data === '' ? '' : ` ${short(data)}`;
  return `${nameOf(type)}${shown}`;
}

/** A short value: an address, a reason, a UUID. Uses the first of these fields that exists. */
function name(data: Data, ...fields: readonly string[]): string {
  const value = fields.map((field) => data[field]).find((one) => one !== undefined && one !== null);
  if (value === undefined) return 'unknown';
  return nameOf(typeof value === 'string' ? value : JSON.stringify(value));
}

/** A text of our own: a cause, a step, a scope. */
function text(data: Data, field: string): string {
  const value = data[field];
  return value === undefined ? 'unknown' : short(typeof value === 'string' ? value : JSON.stringify(value));
}

function recordOf(data: Data, field: string): Data {
  const value = data[field];
  return typeof value === 'object' && value !== null ? (value as Data) : {};
}

function number(data: Data, field: string): number {
  const value = data[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function list(data: Data, field: string): string {
  const value = data[field];
  return Array.isArray(value) ? short(value.map(String).join(', ')) : text(data, field);
}

function short(value: string): string {
  return escaped(value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)}…` : value);
}
