import type { FailureReason } from './reasons.js';

/** One call: a JSON text posted to an address literal. */
export interface PostRequest {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What came back, in full, or why nothing usable did. */
export type Reply =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | {
      readonly ok: false;
      readonly reason: FailureReason;
      /** From `Retry-After` on a 429 or 503. */
      readonly retryAfterMs?: number;
      /** The call never left this host (no file descriptor, no local port): no evidence about the peer. */
      readonly local?: true;
      /** This host has no address or no route of the peer's family. */
      readonly noRoute?: true;
    };

/** Tells a call, once, that nobody waits for its reply any more. An `AbortSignal` is one, and costs more. */
export interface CallSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * The seam for the HTTP client. Never rejects: every failure is a `Reply`. Aborting the signal closes the socket
 * and yields `aborted`. The deadline is the caller's.
 */
export type PostJson = (request: PostRequest, signal: CallSignal) => Promise<Reply>;
