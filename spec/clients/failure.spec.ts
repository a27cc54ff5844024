import { expect } from 'chai';
import fc from 'fast-check';
import { failureOf } from '#src/domain/call/failure.js';

describe('failureOf', () => {
  const coded = (code: string): Error => Object.assign(new Error('words of a peer'), { code });
  const table = {
    refused: ['ECONNREFUSED'],
    reset: ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE', 'HPE_INVALID_EOF_STATE'],
    unreachable: ['EHOSTUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_ADDRFAMILY'],
    timeout: ['ETIMEDOUT'],
    'too-large': ['HPE_HEADER_OVERFLOW', 'HPE_CHUNK_EXTENSIONS_OVERFLOW'],
    aborted: ['ABORT_ERR'],
    tls: [
      'EPROTO',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'ERR_OSSL_PEM_NO_START_LINE',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'CERT_REVOKED',
      'CRL_HAS_EXPIRED',
      'ERROR_IN_CERT_NOT_AFTER_FIELD',
      'HOSTNAME_MISMATCH',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'PATH_LENGTH_EXCEEDED',
    ],
    malformed: ['HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION', 'HPE_CLOSED_CONNECTION', 'HPE_WHATEVER_NODE_26_HAS'],
    'http-101': ['SWITCHED_PROTOCOLS'],
    other: ['HPE', 'EAI_MEMORY', 'toString', ''],
  } as const;

  for (const [reason, codes] of Object.entries(table)) {
    it(`${codes.join(', ') || 'no code'}: ${reason}`, () => {
      for (const code of codes) expect(failureOf(coded(code)), code).to.deep.equal({ reason });
    });
  }

  it('tells what never left this host from what a peer did', () => {
    for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']) {
      expect(failureOf(coded(code)), code).to.deep.equal({ reason: 'other', local: true });
    }
  });

  it('tells that the host has no address or route of the family, which may be a lack of ports as well', () => {
    for (const code of ['ENETUNREACH', 'EAFNOSUPPORT']) {
      expect(failureOf(coded(code)), code).to.deep.equal({ reason: 'unreachable', noRoute: true });
    }
    expect(failureOf(coded('EADDRNOTAVAIL'))).to.deep.equal({ reason: 'unreachable', noRoute: true, local: true });
  });

  it('knows an abort by its name and a body over the limit by its type', () => {
    expect(failureOf(new DOMException('stop', 'AbortError'))).to.deep.equal({ reason: 'aborted' });
    expect(failureOf(Object.assign(new Error('big'), { type: 'max-size' }))).to.deep.equal({ reason: 'too-large' });
  });

  it('has a known reason for whatever is thrown', () => {
    const known = [...Object.keys(table), 'other'];
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ code: fc.anything(), name: fc.anything() })), (thrown) => {
        expect(known).to.include(failureOf(thrown).reason);
      }),
    );
  });
});
