import { expect } from 'chai';
import fc from 'fast-check';
import { failureOf } from '#src/domain/call/failure.js';
import { checkIdentity } from '#src/domain/peer/identity.js';
import { isAnswer } from '#src/domain/call/reasons.js';
import { sign } from '#src/domain/call/signature.js';
import { SourceBreaker } from '#src/state/sourceBreaker.js';

describe('failureOf', () => {
  const table: readonly (readonly [object, object])[] = [
    [{ code: 'ECONNREFUSED' }, { reason: 'refused' }],
    [{ code: 'ECONNRESET' }, { reason: 'reset' }],
    [{ code: 'EPIPE' }, { reason: 'reset' }],
    [{ code: 'ERR_STREAM_PREMATURE_CLOSE' }, { reason: 'reset' }],
    [{ code: 'EHOSTUNREACH' }, { reason: 'unreachable' }],
    [{ code: 'ENETUNREACH' }, { reason: 'unreachable', noRoute: true }],
    [{ code: 'EAFNOSUPPORT' }, { reason: 'unreachable', noRoute: true }],
    [{ code: 'ETIMEDOUT' }, { reason: 'timeout' }],
    [{ code: 'HPE_HEADER_OVERFLOW' }, { reason: 'too-large' }],
    [{ code: 'HPE_INVALID_CONSTANT' }, { reason: 'malformed' }],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, { reason: 'tls' }],
    [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, { reason: 'tls' }],
    [{ code: 'CERT_HAS_EXPIRED' }, { reason: 'tls' }],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, { reason: 'tls' }],
    [{ code: 'EPROTO' }, { reason: 'tls' }],
    [{ code: 'EMFILE' }, { reason: 'other', local: true }],
    [{ code: 'EADDRNOTAVAIL' }, { reason: 'unreachable', local: true, noRoute: true }],
    [{ name: 'AbortError' }, { reason: 'aborted' }],
    [{ type: 'max-size' }, { reason: 'too-large' }],
    [{}, { reason: 'other' }],
  ];
  for (const [error, failure] of table) {
    it(`${JSON.stringify(error)} is ${JSON.stringify(failure)}`, () => {
      expect(failureOf(error)).to.deep.equal(failure);
    });
  }

  it('has a reason for whatever is thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(failureOf(thrown).reason).to.be.a('string');
      }),
    );
  });
});

describe('isAnswer', () => {
  it('is an HTTP answer of the far end, but not what a portal sends in its name', () => {
    expect((['http-500', 'too-large', 'identity-mismatch'] as const).every(isAnswer)).to.equal(true);
    expect((['timeout', 'refused', 'reset', 'redirect', 'tls', 'malformed', 'other'] as const).some(isAnswer)).to.equal(
      false,
    );
  });
});

describe('checkIdentity', () => {
  const uuid = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
  const reply = (body: string) => checkIdentity({ ok: true, status: 200, body }, uuid, 7);
  const good = { ok: true, latencyMs: 7 };
  const mismatch = { ok: false, reason: 'identity-mismatch' };

  it('takes the peer by its UUID, in whatever case, or by nothing', () => {
    for (const body of [
      `{"uuid":"${uuid}"}`,
      `{"uuid":"${uuid.toUpperCase()}"}`,
      '',
      'hello',
      '{}',
      '[]',
      'null',
      '{"uuid":7}',
    ]) {
      expect(reply(body), body).to.deep.equal(good);
    }
  });

  it('an answer in another name is a failure', () => {
    expect(reply('{"uuid":"somebody else"}')).to.deep.equal(mismatch);
    expect(reply('{"uuid":""}')).to.deep.equal(mismatch);
  });

  it('a failed call stays what it is', () => {
    expect(checkIdentity({ ok: false, reason: 'http-500' }, uuid, 7)).to.deep.equal({ ok: false, reason: 'http-500' });
  });

  it('takes any body', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (body) => {
        expect(reply(body)).to.have.property('ok');
      }),
    );
  });
});

describe('sign', () => {
  it('gives the time and the digest of time and body', () => {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
    const digest = 'e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e';
    expect(sign('0123456789abcdef', '{}', 1_700_000_000_999)).to.equal(`t=1700000000,v1=${digest}`);
  });
});

describe('SourceBreaker', () => {
  const sources = [{ name: 'a' }, { name: 'b' }];
  const failed = { ok: false, reason: 'timeout' } as const;
  const names = (breaker: SourceBreaker, now: number) => breaker.available(sources, now).map(({ name }) => name);

  it('lets a source that failed rest, and tries it again', () => {
    const breaker = new SourceBreaker(() => 0.5);
    breaker.record('a', failed, 0);
    expect(names(breaker, 0)).to.deep.equal(['b']);
    expect(names(breaker, 30_000)).to.deep.equal(['a', 'b']);
  });

  it('rests longer with each failure, and not at all after an answer', () => {
    const breaker = new SourceBreaker(() => 0.5);
    breaker.record('a', failed, 0);
    breaker.record('a', failed, 30_000);
    expect(names(breaker, 30_000 + 59_999)).to.deep.equal(['b']);
    breaker.record('a', { ok: true, ip: '1.1.1.1' }, 40_000);
    expect(names(breaker, 40_000)).to.deep.equal(['a', 'b']);
  });

  it('keeps none out of a full round but those that asked to be left alone, for as long as they asked', () => {
    const breaker = new SourceBreaker(() => 0.5);
    const allowed = (now: number) => breaker.allowed(sources, now).map(({ name }) => name);
    breaker.record('a', failed, 0);
    breaker.record('b', { ok: false, reason: 'http-429', retryAfterMs: 5_000 }, 0);
    expect(allowed(4_999)).to.deep.equal(['a']);
    expect(allowed(5_000)).to.deep.equal(['a', 'b']);
    expect(names(breaker, 5_000), 'both rest longer').to.deep.equal(['a', 'b']);
  });

  it('remembers why a source failed last, until it answers', () => {
    const breaker = new SourceBreaker(() => 0.5);
    breaker.record('a', failed, 0);
    expect([breaker.reasonOf('a'), breaker.reasonOf('b')]).to.deep.equal(['timeout', undefined]);
    breaker.record('a', { ok: true, ip: '1.1.1.1' }, 1);
    expect(breaker.reasonOf('a')).to.equal(undefined);
  });

  it('asks all where all rest, but those that asked to be left alone', () => {
    const breaker = new SourceBreaker(() => 0.5);
    breaker.record('a', failed, 0);
    breaker.record('b', { ok: false, reason: 'http-429', retryAfterMs: 3_000_000 }, 0);
    expect(names(breaker, 1_000)).to.deep.equal(['a']);
    expect(names(breaker, 3_000_001)).to.deep.equal(['a', 'b']);
  });
});
