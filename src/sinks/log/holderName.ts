import type { Holder } from '../../domain/leader.js';
import { nameOf } from '../../domain/text/printable.js';

/** A description of the scheduler that holds the lease, with the known details. */
export function holderName({ host, pid, since, instance }: Holder): string {
  const place = host === undefined ? `of instance ${nameOf(instance)}` : `on host ${nameOf(host)}`;
  const process = pid === undefined ? '' : `, pid ${String(pid)}`;
  const when = since === undefined ? '' : `, since ${new Date(since).toISOString()}`;
  const details = process + when;
  return `the scheduler ${place}${details}${details === '' ? '' : ','}`;
}
