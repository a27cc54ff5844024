/** The address that one source reports, if any. */
export interface Vote {
  readonly source: string;
  readonly ip: string | undefined;
}

/** The same answer in several polls in a row, each with too few answers for a quorum. */
export interface Streak {
  readonly ip: string;
  readonly count: number;
  /** The sources that have given this answer in any of the polls. */
  readonly sources: readonly string[];
}

export interface VoteRules {
  /** The number of sources that must agree. It is capped by the number of sources. */
  readonly quorum: number;
  /** The number of polls in a row that must agree if fewer sources than a quorum answer. */
  readonly confirmations: number;
  /** The number of configured sources. */
  readonly sources: number;
}

export type Detection =
  | {
      readonly result: 'address';
      readonly ip: string;
      /** The sources that agreed on it. */
      readonly agreed: readonly string[];
    }
  | { readonly result: 'unconfirmed'; readonly streak: Streak }
  | { readonly result: 'unknown' }
  | { readonly result: 'disagree'; readonly answers: readonly string[] };

/**
 * The result of a full round over the sources: an address with at least a quorum of votes and more votes than any
 * other; with fewer answers than a quorum, an address found often enough in a row; otherwise no usable result.
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
  // A single address here has too few votes, so a full set of answers without agreement always includes a second
  // address.
  if (second !== undefined) return { result: 'disagree', answers: [...voters.keys()] };
  const before = streak?.ip === ip ? streak : undefined;
  const all = [...new Set([...(before?.sources ?? []), ...agreed])];
  const next = { ip, count: (before?.count ?? 0) + 1, sources: all };
  return next.count >= confirmations ? { result: 'address', ip, agreed: all } : { result: 'unconfirmed', streak: next };
}

/** Confirms an address once it was found in enough polls in a row. */
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
 * Confirms the known address if at least one source reports it and none reports another. It is no change, so few
 * answers are enough.
 */
export function stillKnown(votes: readonly Vote[], known: string | undefined): Detection | undefined {
  const answered = votes.filter(({ ip }) => ip !== undefined);
  if (known === undefined || answered.length === 0 || answered.some(({ ip }) => ip !== known)) return undefined;
  return { result: 'address', ip: known, agreed: answered.map(({ source }) => source) };
}
