/** The same answer in a number of polls in a row, each with too few answers for a quorum. */
export interface Streak {
  readonly ip: string;
  readonly count: number;
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
  | { readonly result: 'address'; readonly ip: string }
  | { readonly result: 'unconfirmed'; readonly streak: Streak }
  | { readonly result: 'unknown' }
  | { readonly result: 'disagree'; readonly answers: readonly string[] };

/**
 * What a full round over the sources shows: an address that a quorum, and more than for any other, has voted for;
 * with fewer answers than a quorum, one that has come often enough in a row; else nothing that anybody may act upon.
 */
export function decide(
  answers: readonly (string | undefined)[],
  { quorum, confirmations, sources }: VoteRules,
  streak: Streak | undefined,
): Detection {
  const votes = new Map<string, number>();
  for (const ip of answers) if (ip !== undefined) votes.set(ip, (votes.get(ip) ?? 0) + 1);
  const [first, second] = [...votes].sort(([, a], [, b]) => b - a);
  if (first === undefined) return { result: 'unknown' };
  const [ip, count] = first;
  const needed = Math.min(quorum, sources);
  if (count >= needed && count > (second?.[1] ?? 0)) return { result: 'address', ip };
  // Whoever is alone here has too few votes, so enough answers without agreement always means a second address.
  if (second !== undefined) return { result: 'disagree', answers: [...votes.keys()] };
  const next = { ip, count: streak?.ip === ip ? streak.count + 1 : 1 };
  return next.count >= confirmations ? { result: 'address', ip } : { result: 'unconfirmed', streak: next };
}
