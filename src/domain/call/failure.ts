import type { FailureReason } from './reasons.js';

export interface Failure {
  readonly reason: FailureReason;
  /** The call never left this host. */
  readonly local?: true;
  /** This host has no address or no route of that family. */
  readonly noRoute?: true;
}

const BY_CODE: ReadonlyMap<string, FailureReason> = new Map(
  Object.entries({
    ECONNREFUSED: 'refused',
    ECONNRESET: 'reset',
    ECONNABORTED: 'reset',
    EPIPE: 'reset',
    ERR_STREAM_PREMATURE_CLOSE: 'reset',
    EHOSTUNREACH: 'unreachable',
    ENETUNREACH: 'unreachable',
    EADDRNOTAVAIL: 'unreachable',
    EAFNOSUPPORT: 'unreachable',
    EHOSTDOWN: 'unreachable',
    ENETDOWN: 'unreachable',
    ENOTFOUND: 'unreachable',
    EAI_AGAIN: 'unreachable',
    EAI_FAIL: 'unreachable',
    EAI_NODATA: 'unreachable',
    EAI_ADDRFAMILY: 'unreachable',
    ETIMEDOUT: 'timeout',
    ABORT_ERR: 'aborted',
    HPE_HEADER_OVERFLOW: 'too-large',
    HPE_CHUNK_EXTENSIONS_OVERFLOW: 'too-large',
    HPE_INVALID_EOF_STATE: 'reset',
    SWITCHED_PROTOCOLS: 'http-101',
    EPROTO: 'tls',
  }),
);

/** Codes of an exhausted resource of this host. EADDRNOTAVAIL may also mean a missing address. */
const LOCAL: readonly string[] = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];
const NO_ROUTE: readonly string[] = ['EADDRNOTAVAIL', 'ENETUNREACH', 'EAFNOSUPPORT'];

/** The prefix of the codes of llhttp, the HTTP parser of Node. */
const PARSER = 'HPE_';

/**
 * The codes of the TLS layer of Node, and of the certificate verification of OpenSSL (tls.html, "X509 certificate
 * error codes").
 */
const TLS =
  /^(ERR_(TLS|SSL|OSSL)_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_|HOSTNAME_MISMATCH$|PATH_LENGTH_EXCEEDED$|INVALID_(CA|PURPOSE)$)/;

/** The reason of an error of the HTTP client. Only the code is used, because messages may quote the peer. */
export function failureOf(error: unknown): Failure {
  const { name, type, code } = (error ?? {}) as { name?: unknown; type?: unknown; code?: unknown };
  if (name === 'AbortError') return { reason: 'aborted' };
  if (type === 'max-size') return { reason: 'too-large' };
  if (typeof code !== 'string') return { reason: 'other' };
  if (TLS.test(code)) return { reason: 'tls' };
  return {
    reason: BY_CODE.get(code) ?? (code.startsWith(PARSER) ? 'malformed' : 'other'),
    ...(LOCAL.includes(code) ? { local: true } : {}),
    ...(NO_ROUTE.includes(code) ? { noRoute: true } : {}),
  };
}
