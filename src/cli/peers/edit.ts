import type { LoadOptions } from '../../config/load.js';
import type { AddressFault } from '../../domain/call/reasons.js';
import { checkAddress, classify, type AddressClass } from '../../domain/ip/address.js';
import { readEntry } from '../../domain/peer/entry.js';
import { UUID } from '../../domain/peer/uuid.js';
import { nameOf, quoted } from '../../domain/text/printable.js';
import { CommandError, UsageError } from '../commandError.js';
import { print } from '../print.js';
import { withRegistry } from '../registry.js';
import { ANY_CLASS, keysOf, kindOf, ourUuid, spellingsOf } from './kinds.js';

const WHY: Readonly<Record<AddressFault, string>> = {
  'address-invalid': 'expected an IPv4 or IPv6 literal (address-invalid)',
  'address-denied':
    'it is of a reserved range, such as those for documentation or link-local, which is never called (address-denied)',
};

/** Registers a peer, or changes the address of a registered one. */
export async function addPeer(
  options: LoadOptions,
  kind: string,
  uuid: string,
  ip: string,
  port?: string,
): Promise<void> {
  const known = kindOf(kind);
  if (!UUID.test(uuid)) throw new UsageError(`${quoted(uuid)} is not a UUID`);
  const checked = checkAddress(ip, ANY_CLASS);
  if (!checked.ok) throw new UsageError(`${known} ${uuid} can't be called at ip ${quoted(ip)}: ${WHY[checked.error]}`);
  if (port === '' || (port !== undefined && !readEntry({ ip, port }, ANY_CLASS).ok)) {
    throw new UsageError(`--port ${quoted(port)}: expected a whole number from 1 to 65535`);
  }
  const place = `${checked.ip}${port === undefined ? '' : `, port ${port}`}`;
  const { name, allow } = await withRegistry(options, async (registry) => {
    const { redis } = registry;
    if (known === 'consumer' && uuid.toLowerCase() === (await ourUuid(registry))) {
      throw new UsageError(`${uuid} is our own UUID: we don't call ourselves`);
    }
    const { set, keyOf } = keysOf(registry, known);
    // If the API has the entry in another spelling, no second entry may be created.
    const spellings = await spellingsOf(registry, set, uuid);
    const entry = spellings.find((one) => one === uuid) ?? spellings[0] ?? uuid.toLowerCase();
    await redis.hset(keyOf(entry), { ip: checked.ip });
    if (port === undefined) await redis.hdel(keyOf(entry), 'port');
    else await redis.hset(keyOf(entry), { port });
    await redis.sadd(set, entry);
    return { name: entry, allow: registry.allow };
  });
  if (allow !== undefined) warnOfPolicy(checked.ip, allow);
  await print(`${known} ${name} is registered at ${place}\n`);
}

/** Removes a peer from the registry with all its data, in any spelling of its UUID. */
export async function removePeer(options: LoadOptions, kind: string, uuid: string): Promise<void> {
  const known = kindOf(kind);
  await withRegistry(options, async (registry) => {
    const { set, keyOf } = keysOf(registry, known);
    const spellings = await spellingsOf(registry, set, uuid);
    for (const one of new Set([uuid, ...spellings])) {
      await registry.redis.srem(set, one);
      await registry.redis.del(keyOf(one), ...(known === 'consumer' ? [registry.keys.history(one)] : []));
    }
    if (spellings.length === 0) throw new CommandError(`no ${known} ${quoted(uuid)} is registered`);
  });
  await print(`${known} ${nameOf(uuid)} is no longer registered\n`);
}

function warnOfPolicy(ip: string, allow: readonly AddressClass[]): void {
  const address = classify(ip);
  if (!address.ok || address.class === 'forbidden' || allow.includes(address.class)) return;
  process.stderr.write(
    `warning: ${ip} is not called as long as network.allow is [${allow.join(', ')}]: add ${address.class} to it\n`,
  );
}
