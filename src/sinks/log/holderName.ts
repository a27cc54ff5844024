import type { Holder } from '../../domain/leader.js';
import { nameOf } from '../../domain/text/printable.js';

/** The scheduler on a host, as far as it says so. */
export function holderName({ host, pid, since, instance }: Holder): string {
  const place = host === undefined ? `instance ${nameOf(instance)}` : `host ${nameOf(host)}`;
  const process = pid === undefined ? '' : `, pid ${String(pid)}`;
  const when = since === undefined ? '' : `, since ${new Date(since).toISOString()}`;
  return `the scheduler on ${place}${process}${when},`;
}
