import type { PeerKind } from '../../domain/peer/peer.js';

/**
 * A promise of an API to its callers, and the prerequisites of its check. docs/writing-an-api.md has the same list,
 * by id.
 */
export interface ApiPromise {
  readonly id: string;
  readonly group: string;
  /** The promise; completes "It …". */
  readonly text: string;
  /** The kind of API that it applies to; both if left out. */
  readonly of?: PeerKind;
  /** Whether it is only recommended, so that not keeping it is no fault. */
  readonly recommended?: true;
  /** The option that the check requires. */
  readonly needs?: '--secret' | '--redis';
}

const ANSWERING = [
  { id: 'answers', text: 'answers a call with 2xx, within the deadline' },
  { id: 'no-redirect', text: 'redirects no call' },
  { id: 'small-answer', text: 'answers in no more than 64 KiB' },
  { id: 'own-uuid', text: 'names its own UUID in each answer', of: 'consumer' },
  { id: 'twice', text: 'takes the same call again' },
  { id: 'takes-ip', text: 'takes an address of either family in `ip`' },
  { id: 'unknown-fields', text: 'ignores fields that it does not know' },
  { id: 'at-once', text: 'answers 20 calls at once, each within the deadline' },
] as const;

const REFUSING = [
  { id: 'bad-json', text: 'refuses with 4xx what is no JSON object' },
  { id: 'bad-uuid', text: 'refuses with 4xx a call without a UUID' },
  { id: 'hostile-uuid', text: 'refuses with 4xx what would be another key, a pattern or a flood' },
  { id: 'bad-ip', text: 'refuses with 4xx an address that is no IP literal' },
  { id: 'cut-body', text: 'goes on after a body that was cut off' },
  { id: 'large-body', text: 'goes on after a body of 1 MB' },
  { id: 'post-alone', text: 'takes a GET for no call' },
] as const;

const PROVING = [
  { id: 'signed', text: 'takes a call that is signed with the secret' },
  { id: 'several-digests', text: 'takes one right digest among others' },
  { id: 'unsigned', text: 'refuses with 4xx a call that is not signed' },
  { id: 'wrong-signature', text: 'refuses with 4xx the signature of another secret or body' },
  { id: 'stale', text: 'refuses with 4xx what was signed ten minutes ago or ahead' },
  {
    id: 'signed-term',
    text: 'refuses with 4xx a term that was not signed with the body',
    of: 'producer',
    recommended: true,
  },
] as const;

const REGISTERING = [
  { id: 'registers', text: 'registers the caller at the address that it calls from' },
  { id: 'stores-first', text: 'answers once that is stored, not before' },
  { id: 'plain-address', text: 'stores an IPv4 address as such, not as ::ffff:…' },
  { id: 'no-source-port', text: 'stores no port that it took from the connection' },
  { id: 'honours-ip', text: 'registers the caller at `ip` where the call has one' },
  { id: 'last-seen', text: 'stores in `last_seen` when it was called, in milliseconds', recommended: true },
  { id: 'scheduler-fields', text: "leaves the scheduler's fields of an entry as they are" },
  { id: 'forwarded-for', text: 'does not believe what a stranger writes into x-forwarded-for' },
  { id: 'one-spelling', text: 'takes a UUID in capitals for the same one', recommended: true },
  { id: 'stores-nothing', text: 'stores nothing of a call that it refuses' },
] as const;

const TERMS = [
  { id: 'lower-term', text: 'refuses with 409 a lower term than it has had of that UUID', recommended: true },
] as const;

export type PromiseId = (
  | (typeof ANSWERING)[number]
  | (typeof REFUSING)[number]
  | (typeof PROVING)[number]
  | (typeof REGISTERING)[number]
  | (typeof TERMS)[number]
)['id'];

/** Every promise, in the order of the report. */
export const PROMISES: readonly (ApiPromise & { readonly id: PromiseId })[] = [
  ...ANSWERING.map((one) => ({ ...one, group: 'answering' })),
  ...REFUSING.map((one) => ({ ...one, group: 'refusing' })),
  ...PROVING.map((one) => ({ ...one, group: 'proof of origin', needs: '--secret' as const })),
  ...REGISTERING.map((one) => ({ ...one, group: 'registry', of: 'consumer' as const, needs: '--redis' as const })),
  ...TERMS.map((one) => ({ ...one, group: 'terms', of: 'producer' as const })),
];

/** The promises for one kind of API. */
export function promisesOf(kind: PeerKind): typeof PROMISES {
  return PROMISES.filter(({ of = kind }) => of === kind);
}
