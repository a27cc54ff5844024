import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { LoadOptions } from '../../config/load.js';
import { classify, type AddressClass } from '../../domain/ip/address.js';
import { quoted } from '../../domain/text/printable.js';
import { counted } from '../../domain/text/words.js';
import { UsageError } from '../commandError.js';
import { print } from '../print.js';
import { withRegistry, type Registry } from '../registry.js';
import { keysOf, KINDS, members, ourUuid, PAGE } from './kinds.js';
import { PeerFile, type FilePeer } from './peerFile.js';

/** The action for a peer of the file. */
interface Step extends FilePeer {
  readonly what: 'add' | 'change' | 'leave';
}

/**
 * Registers the peers of a file (`-` is standard input), or updates the addresses of registered ones. The whole file
 * is checked before anything is written. Rejects with a `UsageError` that lists the faulty lines.
 */
export async function importPeers(options: LoadOptions, path: string, dryRun: boolean): Promise<void> {
  await withRegistry(options, async (registry) => {
    const file = await readFile(path, (await ourUuid(registry))?.toLowerCase());
    const names = await spellings(registry, file);
    const peers = [...file.peers].map(([id, peer]): FilePeer => ({ ...peer, uuid: names.get(id) ?? peer.uuid }));
    const steps: Step[] = [];
    for (const page of inPages(peers)) {
      steps.push(...(await Promise.all(page.map((peer) => stepFor(registry, peer, names)))));
    }
    for (const page of inPages(steps.filter(({ what }) => what !== 'leave'))) {
      if (dryRun) await print(page.map(inWords).join(''));
      else await Promise.all(page.map((step) => write(registry, step)));
    }
    if (registry.allow !== undefined) warnOfPolicy(peers, registry.allow);
    await print(summary(steps, dryRun));
  });
}

function* inPages<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += PAGE) yield all.slice(i, i + PAGE);
}

async function readFile(path: string, own: string | undefined): Promise<PeerFile> {
  const file = new PeerFile(own);
  const input: Readable = path === '-' ? process.stdin : createReadStream(path);
  try {
    for await (const line of linesOf(input)) file.add(line);
  } catch (error) {
    throw new UsageError(`can't read ${quoted(path)}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  if (file.faultCount === 0) return file;
  const faults = file.faults.map(({ line, message }) => `  line ${line}: ${message}`);
  const more = file.faultCount - faults.length;
  if (more > 0) faults.push(`  and ${more} more`);
  throw new UsageError(`nothing was written, since the file has faults:\n${faults.join('\n')}`);
}

/** Unlike readline, this fails if the stream fails. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** The spelling in the registry of each registered peer of the file, by kind and UUID in lower case. */
async function spellings(registry: Registry, { peers }: PeerFile): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const kind of KINDS) {
    for await (const page of members(registry, keysOf(registry, kind).set)) {
      for (const member of page) {
        const id = `${kind} ${member.toLowerCase()}`;
        const exact = peers.get(id)?.uuid === member;
        if (peers.has(id) && (exact || !found.has(id))) found.set(id, member);
      }
    }
  }
  return found;
}

async function stepFor(registry: Registry, peer: FilePeer, names: ReadonlyMap<string, string>): Promise<Step> {
  const { kind, uuid, ip, port } = peer;
  if (!names.has(`${kind} ${uuid.toLowerCase()}`)) return { ...peer, what: 'add' };
  const [storedIp, storedPort] = await registry.redis.hmget(keysOf(registry, kind).keyOf(uuid), 'ip', 'port');
  const same = storedIp === ip && (storedPort ?? undefined) === port;
  return { ...peer, what: same ? 'leave' : 'change' };
}

/** Writes exactly what the API would write. The set comes last, because membership makes the entry visible. */
async function write(registry: Registry, { kind, uuid, ip, port, what }: Step): Promise<void> {
  const { redis } = registry;
  const { set, keyOf } = keysOf(registry, kind);
  await Promise.all([
    redis.hset(keyOf(uuid), port === undefined ? { ip } : { ip, port }),
    port === undefined && redis.hdel(keyOf(uuid), 'port'),
  ]);
  if (what === 'add') await redis.sadd(set, uuid);
}

function inWords({ what, kind, uuid, ip, port }: Step): string {
  return `${what === 'add' ? 'would add' : 'would change'} ${kind} ${uuid} ${ip}${port === undefined ? '' : ` port ${port}`}\n`;
}

function summary(steps: readonly Step[], dryRun: boolean): string {
  const count = (what: Step['what']): number => steps.filter((step) => step.what === what).length;
  const parts = [`${count('add')} added`, `${count('change')} changed`, `${count('leave')} left as they are`];
  const total = counted(steps.length, 'peer');
  return dryRun ? `${total}: would be ${parts.join(', ')}; nothing was written\n` : `${total}: ${parts.join(', ')}\n`;
}

function warnOfPolicy(peers: readonly FilePeer[], allow: readonly AddressClass[]): void {
  const classes = new Map<string, number>();
  for (const { ip } of peers) {
    const address = classify(ip);
    if (!address.ok || address.class === 'forbidden' || allow.includes(address.class)) continue;
    classes.set(address.class, (classes.get(address.class) ?? 0) + 1);
  }
  for (const [name, n] of classes) {
    process.stderr.write(
      `warning: ${counted(n, 'peer')} not called as long as network.allow is [${allow.join(', ')}]: add ${name} to it\n`,
    );
  }
}
