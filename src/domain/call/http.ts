import type { FailureReason } from './reasons.js';

/** One call: a JSON text posted to an address literal. */
export interface PostRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The complete answer, or the reason why there is none. */
export type Reply =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | {
      readonly ok: false;
      readonly reason: FailureReason;
      /** From `Retry-After` on a 429 or 503. */
      readonly retryAfterMs?: number;
      /** The call never left this host (no file descriptor, no local port): no evidence about the peer. */
      readonly local?: true;
      /** This host has no address or no route for the family of the peer. */
      readonly noRoute?: true;
    };

/** Fires once when the reply is no longer needed. An `AbortSignal` fits too, but costs more. */
export interface CallSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The interface of an HTTP client. Never rejects: every failure is a `Reply`. Aborting the signal closes the socket
 * and yields `aborted`. The caller sets the deadline.
 */
export type PostJson = (request: PostRequest, signal: CallSignal) => Promise<Reply>;
