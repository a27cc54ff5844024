import type { FailureReason } from '../call/reasons.js';

/** The answer of a source: one valid address, or the reason why there is none. */
export type IpAnswer =
  | { readonly ok: true; readonly ip: string }
  | { readonly ok: false; readonly reason: FailureReason; readonly retryAfterMs?: number };

/** One way to find our public IP. Each source has one vote. */
export interface IpSource {
  /** Shown in logs and metrics. */
  readonly name: string;
  /** Whether an answer proves that this host is online. A local interface answers offline too. */
  readonly remote: boolean;
  /**
   * Never rejects. The caller must not call it again before the promise has settled. A source with several addresses
   * prefers the known one.
   */
  readonly lookup: (signal: AbortSignal, known?: string) => Promise<IpAnswer>;
}

/** Our known address, and the sources that agreed on it. */
export interface OwnIp {
  readonly ip: string;
  readonly agreed: readonly string[];
}
