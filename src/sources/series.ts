import type { RedisClient } from '../clients/redis.js';
import { fieldsOf, idAfter, ifOfAnotherType } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { Keys } from '../domain/keys.js';
import { NUMBERS, type Sample } from '../domain/sample.js';

const PAGE = 1_000;
/** The ids are times of the server clock, and a sample that was written late has a later id. */
const EARLIER_MS = 3_600_000;

/**
 * Reads the samples of `<p>series` between two times (Unix milliseconds), oldest first. Entries of another format
 * are left out. Rejects if Redis does not answer.
 */
export async function readSeries(
  redis: RedisClient,
  keys: Pick<Keys, 'series'>,
  from: number,
  to: number,
): Promise<Sample[]> {
  const samples = new Map<number, Sample>();
  let start = String(Math.max(0, Math.floor(from) - EARLIER_MS));
  for (;;) {
    const entries = await withTimeout(redis.xrange(keys.series, start, '+', 'COUNT', PAGE)).catch(
      ifOfAnotherType<[string, string[]][]>([]),
    );
    for (const [, fields] of entries) {
      const sample = toSample(fields);
      // A sample whose write could not be confirmed may be stored twice.
      if (sample !== undefined && sample.at >= from && sample.at <= to) samples.set(sample.at, sample);
    }
    const last = entries.at(-1)?.[0];
    if (last === undefined || entries.length < PAGE) break;
    start = idAfter(last);
  }
  return [...samples.values()].sort((a, b) => a.at - b.at);
}

const NULLABLE: readonly string[] = ['round_ms', 'p50_ms', 'p95_ms', 'p99_ms', 'freshness_s'];

function toSample(fields: readonly string[]): Sample | undefined {
  const found = fieldsOf(fields);
  const numbers = NUMBERS.map((name) => [name, toNumber(found.get(name))] as const);
  if (numbers.some(([name, value]) => value === undefined || (value === null && !NULLABLE.includes(name)))) {
    return undefined;
  }
  const isolated = found.get('isolated');
  if (isolated !== '0' && isolated !== '1') return undefined;
  return { ...(Object.fromEntries(numbers) as unknown as Sample), isolated: isolated === '1' };
}

/** Null for a missing field, undefined for a value that is not a number from 0 on. */
function toNumber(text: string | undefined): number | null | undefined {
  if (text === undefined) return null;
  return /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
