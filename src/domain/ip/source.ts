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
  /** Never rejects. May be called again only after the promise has settled. */
  readonly lookup: (signal: AbortSignal) => Promise<IpAnswer>;
}

/** What is known after a poll. `unknown` and `disagree` change nothing and never clear what is known. */
export type Detection =
  | { readonly result: 'address'; readonly ip: string }
  | { readonly result: 'unknown' }
  | { readonly result: 'disagree' };
