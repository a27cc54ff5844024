import type { AddressFault } from '../call/reasons.js';

/** How a producer stands to our current IP, as the API, the metrics and the command line name it. */
export const PRODUCER_STATES = ['knows', 'owing', 'untold', 'denied', 'invalid'] as const;
export type ProducerState = (typeof PRODUCER_STATES)[number];

export interface ProducerFacts {
  /** Why its address can't be called, if it can't. */
  readonly fault: AddressFault | undefined;
  /** Whether it is in the outbox. */
  readonly owing: boolean;
  /** The IP that it acknowledged last. */
  readonly notifiedIp: string | null | undefined;
}

/** Whether a producer can be called, and then whether it has acknowledged this IP, is in the outbox, or was never called. */
export function producerState(
  { fault, owing, notifiedIp }: ProducerFacts,
  ip: string | null | undefined,
): ProducerState {
  if (fault !== undefined) return fault === 'address-denied' ? 'denied' : 'invalid';
  if (owing) return 'owing';
  return ip != null && notifiedIp === ip ? 'knows' : 'untold';
}
