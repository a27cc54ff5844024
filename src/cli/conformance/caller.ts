import { randomUUID } from 'node:crypto';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import type { PostJson, Reply } from '../../domain/call/http.js';
import { sign, SIGNATURE_HEADER, TERM_HEADER } from '../../domain/call/signature.js';
import type { PeerKind } from '../../domain/peer/peer.js';

export interface CallerOptions {
  readonly url: string;
  readonly kind: PeerKind;
  readonly secret: string | undefined;
  readonly timeoutMs: number;
  /** Static headers of each call. */
  readonly headers: Readonly<Record<string, string>>;
  readonly post: PostJson;
}

export interface CallOverrides {
  /** Replaces the usual headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The value of the signature header; null for none. */
  readonly signature?: string | null;
  readonly term?: number;
  /** The UUID of the caller, if the body does not contain it in the usual form. */
  readonly uuid?: string;
}

/**
 * An address that no scheduler calls, from a documentation network (RFC 5737, TEST-NET-3); the IPv6 one is from RFC
 * 3849.
 */
export const EXAMPLE_IPV4 = '203.0.113.77';
export const EXAMPLE_IPV6 = '2001:db8::77';

/**
 * Calls an API as the schedulers of other nodes do, each with a random UUID, and records which callers were
 * accepted.
 */
export class Caller {
  /** All UUIDs used in calls, and those with a 2xx answer. */
  readonly used = new Set<string>();
  readonly accepted = new Set<string>();
  /** The term of a scheduler that has just started. */
  readonly term = Math.floor(Date.now() / 1_000);

  constructor(readonly options: CallerOptions) {}

  /** A UUID that no peer has. */
  newUuid(): string {
    return randomUUID();
  }

  /** A valid call, with additional fields. */
  call(uuid: string, fields: object = {}, overrides: CallOverrides = {}): Promise<Reply> {
    return this.send(this.body(uuid, fields), { uuid, ...overrides });
  }

  body(uuid: string, fields: object = {}): string {
    return JSON.stringify({ uuid, ...(this.options.kind === 'producer' ? { ip: EXAMPLE_IPV4 } : {}), ...fields });
  }

  /** A call with this body, signed if there is a secret. Never rejects. */
  async send(body: string, { uuid, headers = {}, signature, term = this.term }: CallOverrides = {}): Promise<Reply> {
    const { url, kind, timeoutMs, post } = this.options;
    const proof = signature === undefined ? this.signature(body, { term }) : signature;
    const deadline = AbortSignal.timeout(timeoutMs);
    if (uuid !== undefined) this.used.add(uuid);
    const reply = await post(
      {
        url,
        body,
        headers: {
          ...this.options.headers,
          ...headers,
          ...(kind === 'producer' ? { [TERM_HEADER]: String(term) } : {}),
          ...(proof === null ? {} : { [SIGNATURE_HEADER]: proof }),
        },
      },
      deadline,
    );
    if (uuid !== undefined && reply.ok) this.accepted.add(uuid);
    return deadline.aborted && !reply.ok ? { ok: false, reason: 'timeout' } : reply;
  }

  /** The signature of a body, by default with the current time and the configured secret; null without a secret. */
  signature(body: string, over: { readonly secret?: string; readonly at?: number; readonly term?: number } = {}) {
    const { secret = this.options.secret, at = Date.now(), term = this.term } = over;
    if (secret === undefined) return null;
    return sign(secret, body, at, this.options.kind === 'producer' ? term : undefined);
  }

  /** The status of a GET, or the error. */
  async get(): Promise<number | string> {
    const request = this.#open('GET', {});
    try {
      const responded = once(request, 'response') as Promise<[{ readonly statusCode?: number }]>;
      request.end();
      const [{ statusCode = 0 }] = await responded;
      return statusCode;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'no answer';
    } finally {
      request.destroy();
    }
  }

  /** Sends half of a body and disconnects. */
  async cutOff(body: string): Promise<void> {
    const request = this.#open('POST', {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    });
    request.on('error', () => undefined);
    const closed = new Promise((resolve) => request.once('close', resolve));
    request.write(body.slice(0, body.length / 2), () => request.destroy());
    await closed;
  }

  #open(method: string, headers: Readonly<Record<string, string>>): ClientRequest {
    const { url, timeoutMs } = this.options;
    const open = url.startsWith('https:') ? httpsRequest : httpRequest;
    return open(url, { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) });
  }
}
