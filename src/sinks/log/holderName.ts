import type { Holder } from '../../domain/leader.js';
import { nameOf } from '../../domain/text/printable.js';

/** The scheduler on a host, as far as it says so. */
export function holderName({ host, pid, since, instance }: Holder): string {
  const place = host === undefined ? `of instance ${nameOf(instance)}` : `on host ${nameOf(host)}`;
  const process = pid === undefined ? '' : `, pid ${String(pid)}`;
  const when = since === undefined ? '' : `, since ${new Date(since).toISOString()}`;
  const details = process + when;
  return `the scheduler ${place}${details}${details === '' ? '' : ','}`;
}
