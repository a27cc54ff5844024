import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Options } from 'public-ip';
import { parseIpAnswer } from '../../domain/ip/answer.js';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';

export type Family = 'ipv4' | 'ipv6';

/** Longer than the library's own sockets live, so that our own deadline is always the one that ends the waiting. */
const LIBRARY_TIMEOUT_MS = 60_000;

/** public-ip's two ways of asking, as two sources with one vote each. */
export function librarySource(way: 'dns' | 'https', family: Family): IpSource {
  const find = async (options: Options): Promise<string> => {
    // Loaded with the first lookup: nothing before that waits for it, and a host with an override never needs it.
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
    // The library does not end its lookups when it is aborted, so the signal is of no use to it.
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
/** The lookup over DNS that what runs now belongs to. */
const lookupOverDns = new AsyncLocalStorage<{ fellBack: boolean }>();

/**
 * Where DNS fails, the library falls back to HTTPS without saying so, and one operator would have two votes. Node's
 * own `fetch` tells of each request on a diagnostics channel. A lookup over HTTPS may be under way beside this one, so
 * only the requests that this lookup itself makes tell of a fallback.
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
