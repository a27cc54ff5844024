import { defer, of, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import { abortable } from '../operators/abortable.js';

/** One lookup; `known` is the address that a source with several to choose from is to stay with. */
export type LookUp = (source: IpSource, known: string | undefined) => Observable<IpAnswer>;

/**
 * Never two lookups of one source at once. One that lives on when nobody waits for it any more (public-ip's DNS sockets
 * do so for up to 30 s) makes its source one that gives no answer until it has settled. `busy` is kept by the caller for
 * as long as any lookup may be under way.
 */
export function oneAtATime(busy: Set<string>): LookUp {
  return (source, known) =>
    defer(() => {
      const { name } = source;
      if (busy.has(name)) return of<IpAnswer>({ ok: false, reason: 'timeout' });
      busy.add(name);
      return abortable((signal) => source.lookup(signal, known).finally(() => busy.delete(name)));
    });
}
