import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Options } from 'public-ip';
import { parseIpAnswer } from '../../domain/ip/answer.js';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';

export type Family = 'ipv4' | 'ipv6';

/** Longer than the sockets of the library live, so that our own deadline always ends a lookup. */
const LIBRARY_TIMEOUT_MS = 60_000;

/** The two lookup methods of public-ip, as two sources with one vote each. */
export function librarySource(way: 'dns' | 'https', family: Family): IpSource {
  const find = async (options: Options): Promise<string> => {
    // Imported at the first lookup, because the start must not wait for it and a host with an override never needs
    // it.
    const { publicIpv4, publicIpv6 } = await import('public-ip');
    return family === 'ipv4' ? publicIpv4(options) : publicIpv6(options);
  };
  const lookup =
    way === 'https'
      ? () => find({ onlyHttps: true, timeout: LIBRARY_TIMEOUT_MS })
      : () => withoutFallback(() => find({ timeout: LIBRARY_TIMEOUT_MS }));
  return {
    name: way,
    remote: true,
    // The library does not stop its lookups on abort, so it does not get the signal.
    lookup: async (): Promise<IpAnswer> => {
      try {
        const ip = parseIpAnswer(await lookup(), family);
        return ip === undefined ? { ok: false, reason: 'address-denied' } : { ok: true, ip };
      } catch {
        return { ok: false, reason: 'unreachable' };
      }
    },
  };
}

const REQUEST = 'undici:request:create';
/** The DNS lookup that the running code belongs to. */
const lookupOverDns = new AsyncLocalStorage<{ fellBack: boolean }>();

/**
 * If DNS fails, the library silently falls back to HTTPS, and one operator would have two votes. The library uses
 * the `fetch` of Node, which reports each request on a diagnostics channel. A lookup over HTTPS may run at the same time,
 * so only requests made by this lookup itself count as a fallback.
 */
async function withoutFallback(lookup: () => Promise<string>): Promise<string> {
  const own = { fellBack: false };
  const note = (): void => {
    if (lookupOverDns.getStore() === own) own.fellBack = true;
  };
  subscribe(REQUEST, note);
  try {
    const ip = await lookupOverDns.run(own, lookup);
    if (own.fellBack) throw new Error('answered over HTTPS, not DNS');
    return ip;
  } finally {
    unsubscribe(REQUEST, note);
  }
}
