/** Why a call failed. Only these values are ever stored, logged or counted; text from a peer never is. */
export type FailureReason =
  | 'timeout'
  | 'refused'
  | 'reset'
  | 'unreachable'
  | `http-${number}`
  | 'redirect'
  | 'too-large'
  | 'identity-mismatch'
  | 'address-denied'
  | 'address-invalid'
  | 'tls'
  /** The received data is not valid HTTP. */
  | 'malformed'
  | 'aborted'
  | 'other';

/** The faults for which a registry entry is not called at all. */
export type AddressFault = Extract<FailureReason, 'address-denied' | 'address-invalid'>;

/**
 * Whether the failure itself proves that the peer, and so our own line, works: the host answered in HTTP. A redirect
 * is excluded on purpose, because a captive portal sends redirects for any host.
 */
export function isAnswer(reason: FailureReason): boolean {
  return reason.startsWith('http-') || reason === 'too-large' || reason === 'identity-mismatch';
}
