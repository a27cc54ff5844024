import type { FailureReason } from '../call/reasons.js';

/** What a source said: one valid address, or why that is no answer. */
export type IpAnswer =
  | { readonly ok: true; readonly ip: string }
  | { readonly ok: false; readonly reason: FailureReason; readonly retryAfterMs?: number };

/** One way to learn our public IP; each has one vote. */
export interface IpSource {
  /** Shown in logs and metrics. */
  readonly name: string;
  /** Whether an answer proves that we are online; a local interface answers offline too. */
  readonly remote: boolean;
  /**
   * Never rejects. May be called again only after the promise has settled. A source that has several addresses to choose
   * from stays with the one that is known.
   */
  readonly lookup: (signal: AbortSignal, known?: string) => Promise<IpAnswer>;
}

/** Our address as it is known, and the sources that this rests on. */
export interface OwnIp {
  readonly ip: string;
  readonly agreed: readonly string[];
}
