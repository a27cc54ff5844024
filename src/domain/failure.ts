import type { FailureReason } from './reasons.js';

export interface Failure {
  readonly reason: FailureReason;
  /** The call never left this host. */
  readonly local?: true;
}

const BY_CODE: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ERR_STREAM_PREMATURE_CLOSE: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  ETIMEDOUT: 'timeout',
  ABORT_ERR: 'aborted',
  HPE_HEADER_OVERFLOW: 'too-large',
  EPROTO: 'tls',
};

/** What this host has run out of when it gives one of these codes. */
const LOCAL: readonly string[] = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];

const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|ERR_OSSL_)/;

/** The reason behind an error of the HTTP client, by its code alone: messages may quote the peer. */
export function failureOf(error: unknown): Failure {
  const { name, type, code } = (error ?? {}) as { name?: unknown; type?: unknown; code?: unknown };
  if (name === 'AbortError') return { reason: 'aborted' };
  if (type === 'max-size') return { reason: 'too-large' };
  if (typeof code !== 'string') return { reason: 'other' };
  if (LOCAL.includes(code)) return { reason: 'other', local: true };
  if (TLS.test(code)) return { reason: 'tls' };
  return { reason: BY_CODE[code] ?? 'other' };
}
