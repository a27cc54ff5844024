/** What one source says that our address is, if it says anything. */
export interface Vote {
  readonly source: string;
  readonly ip: string | undefined;
}

/** The same answer in a number of polls in a row, each with too few answers for a quorum. */
export interface Streak {
  readonly ip: string;
  readonly count: number;
  /** The sources that have given it in any of them. */
  readonly sources: readonly string[];
}

export interface VoteRules {
  /** How many sources have to agree; capped by the number of sources. */
  readonly quorum: number;
  /** How many polls in a row have to agree where fewer than a quorum answer. */
  readonly confirmations: number;
  /** How many sources are configured. */
  readonly sources: number;
}

export type Detection =
  | {
      readonly result: 'address';
      readonly ip: string;
      /** The sources that it rests on. */
      readonly agreed: readonly string[];
    }
  | { readonly result: 'unconfirmed'; readonly streak: Streak }
  | { readonly result: 'unknown' }
  | { readonly result: 'disagree'; readonly answers: readonly string[] };

/**
 * What a full round over the sources shows: an address that a quorum, and more than for any other, has voted for;
 * with fewer answers than a quorum, one that has come often enough in a row; else nothing that anybody may act upon.
 */
export function decide(
  votes: readonly Vote[],
  { quorum, confirmations, sources }: VoteRules,
  streak: Streak | undefined,
): Detection {
  const voters = new Map<string, string[]>();
  for (const { source, ip } of votes) if (ip !== undefined) voters.set(ip, [...(voters.get(ip) ?? []), source]);
  const [first, second] = [...voters].sort(([, a], [, b]) => b.length - a.length);
  if (first === undefined) return { result: 'unknown' };
  const [ip, agreed] = first;
  const needed = Math.min(quorum, sources);
  if (agreed.length >= needed && agreed.length > (second?.[1].length ?? 0)) return { result: 'address', ip, agreed };
  // An address that is alone here has too few votes, so enough answers without agreement always means a second address.
  if (second !== undefined) return { result: 'disagree', answers: [...voters.keys()] };
  const before = streak?.ip === ip ? streak : undefined;
  const all = [...new Set([...(before?.sources ?? []), ...agreed])];
  const next = { ip, count: (before?.count ?? 0) + 1, sources: all };
  return next.count >= confirmations ? { result: 'address', ip, agreed: all } : { result: 'unconfirmed', streak: next };
}

/** An address that was found counts once it has been found in so many polls in a row. */
export function confirmed(
  { ip, agreed }: Extract<Detection, { result: 'address' }>,
  confirmations: number,
  streak: Streak | undefined,
): Detection {
  const before = streak?.ip === ip ? streak : undefined;
  const next = { ip, count: (before?.count ?? 0) + 1, sources: [...new Set([...(before?.sources ?? []), ...agreed])] };
  return next.count >= confirmations ? { result: 'address', ip, agreed } : { result: 'unconfirmed', streak: next };
}

/**
 * What is known where nobody contradicts it and somebody bears it out: no change to confirm, however few have answered.
 */
export function stillKnown(votes: readonly Vote[], known: string | undefined): Detection | undefined {
  const answered = votes.filter(({ ip }) => ip !== undefined);
  if (known === undefined || answered.length === 0 || answered.some(({ ip }) => ip !== known)) return undefined;
  return { result: 'address', ip: known, agreed: answered.map(({ source }) => source) };
}
