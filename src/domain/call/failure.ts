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

/** What this host has run out of when it gives one of these codes; EADDRNOTAVAIL stands for two faults. */
const LOCAL: readonly string[] = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];
const NO_ROUTE: readonly string[] = ['EADDRNOTAVAIL', 'ENETUNREACH', 'EAFNOSUPPORT'];

/** What the codes of llhttp, Node's parser of HTTP, begin with. */
const PARSER = 'HPE_';

/** Node's codes of the TLS layer, and OpenSSL's of certificate verification (tls.html, "X509 certificate error codes"). */
const TLS =
  /^(ERR_(TLS|SSL|OSSL)_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERROR_IN_|HOSTNAME_MISMATCH$|PATH_LENGTH_EXCEEDED$|INVALID_(CA|PURPOSE)$)/;

/** The reason behind an error of the HTTP client, by its code alone: messages may quote the peer. */
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
