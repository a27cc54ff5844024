import { defer, of, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import { abortable } from '../operators/abortable.js';

/** One lookup. `known` is the current address; a source that has several addresses to choose from prefers it. */
export type LookUp = (source: IpSource, known: string | undefined) => Observable<IpAnswer>;

/**
 * Prevents two lookups of one source at the same time. A lookup may outlive its subscriber (DNS sockets of public-ip
 * do so for up to 30 s); until it has settled, its source gives no answer. The caller keeps `busy` for as long as
 * any lookup may be running.
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
