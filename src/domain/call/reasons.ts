/** Why a call failed: the only values that are ever stored, logged or counted (a peer's own words never are). */
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
  /** What came is not valid HTTP. */
  | 'malformed'
  | 'aborted'
  | 'other';

/** A registry entry is not called at all for one of these. */
export type AddressFault = Extract<FailureReason, 'address-denied' | 'address-invalid'>;

/**
 * Whether the failure itself proves that the far end, and so our own line, works: the host answered in HTTP.
 * A redirect is left out on purpose: it is what a captive portal sends in everybody's name.
 */
export function isAnswer(reason: FailureReason): boolean {
  return reason.startsWith('http-') || reason === 'too-large' || reason === 'identity-mismatch';
}
