/** The number of hours and days that the history of a consumer keeps; 0 for none. */
export interface HistorySize {
  readonly hours: number;
  readonly days: number;
}

/** The results of the checks of one hour or one day. */
export interface Bucket {
  /** Start of the bucket in Unix milliseconds. */
  readonly at: number;
  readonly answered: number;
  /** Failures that were counted. */
  readonly failed: number;
  /** Failures that were not held against the peer, such as those during our own outages. */
  readonly withheld: number;
  /** Geometric mean in milliseconds; undefined without an answer. */
  readonly latencyMs: number | undefined;
}

/** The oldest bucket comes first. Buckets without a check are left out. */
export interface History {
  readonly hours: readonly Bucket[];
  readonly days: readonly Bucket[];
}

/** The results of a consumer since the last write of its history. */
export interface Tally {
  /** Unix minute of the first result. All results are added to the bucket of its hour. */
  readonly began: number;
  readonly answered: number;
  readonly failed: number;
  readonly withheld: number;
  /** The sum of the latency codes of all answers. */
  readonly codes: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/*
 * The layout: 'h1', the number of hours (u16), of days (u16), the newest hour (Unix hours, u32), the sum of the latency
 * codes of that hour (u16) and of its day (u24); then one slot per hour and one per day, the oldest first. All numbers
 * are big endian. With the sums, the mean of a slot that still grows is exact.
 */
export const VERSION = 'h1';
export const HEADER_BYTES = 15;
/** Answered, failed and withheld (a byte each), latency code. */
export const HOUR_BYTES = 4;
/** Answered, failed and withheld (11 bits each), half of the latency code, rounded up (7 bits). */
export const DAY_BYTES = 5;

/** Sixteen steps per doubling, so neighbours differ by 4.4%. Code 1 is a millisecond, code 255 a minute. */
const STEPS = 16;
const HIGHEST_CODE = 255;

export function latencyCode(ms: number): number {
  return Math.min(HIGHEST_CODE, Math.round(STEPS * Math.log2(Math.max(1, ms))) + 1);
}

/** Milliseconds, undefined for code 0. */
export function latencyOf(code: number): number | undefined {
  return code === 0 ? undefined : Math.round(2 ** ((code - 1) / STEPS));
}

/** The time until a history expires after its last write. */
export function lifetimeMs({ hours, days }: HistorySize): number {
  return Math.max(hours * HOUR_MS, days * DAY_MS) + DAY_MS;
}

/** Parses a stored history. Returns undefined for a value of another format. */
export function readHistory(bytes: Buffer): History | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 2) !== VERSION) return undefined;
  const hours = bytes.readUInt16BE(2);
  const days = bytes.readUInt16BE(4);
  const newestHour = bytes.readUInt32BE(6);
  const daysFrom = HEADER_BYTES + hours * HOUR_BYTES;
  if (bytes.length !== daysFrom + days * DAY_BYTES) return undefined;
  const oldestHour = newestHour - hours + 1;
  const oldestDay = Math.floor(newestHour / 24) - days + 1;
  return {
    hours: buckets(hours, (i) => hourBucket(bytes, HEADER_BYTES + i * HOUR_BYTES, (oldestHour + i) * HOUR_MS)),
    days: buckets(days, (i) => dayBucket(bytes, daysFrom + i * DAY_BYTES, (oldestDay + i) * DAY_MS)),
  };
}

/**
 * The fraction of answered checks in the buckets that start in [from, to) (Unix milliseconds). Withheld results are
 * left out. Undefined without a result.
 */
export function uptime(of: readonly Bucket[], from: number, to: number): number | undefined {
  let answered = 0;
  let failed = 0;
  for (const bucket of of) {
    if (bucket.at < from || bucket.at >= to) continue;
    answered += bucket.answered;
    failed += bucket.failed;
  }
  return answered + failed === 0 ? undefined : answered / (answered + failed);
}

function buckets(count: number, at: (i: number) => Bucket): Bucket[] {
  return Array.from({ length: count }, (_, i) => at(i)).filter(
    ({ answered, failed, withheld }) => answered + failed + withheld > 0,
  );
}

function hourBucket(bytes: Buffer, from: number, at: number): Bucket {
  const [answered = 0, failed = 0, withheld = 0, code = 0] = bytes.subarray(from, from + HOUR_BYTES);
  return { at, answered, failed, withheld, latencyMs: latencyOf(code) };
}

function dayBucket(bytes: Buffer, from: number, at: number): Bucket {
  // 40 bits are too many for the bitwise operators.
  const slot = bytes.readUIntBE(from, DAY_BYTES);
  return {
    at,
    answered: Math.floor(slot / 2 ** 29),
    failed: Math.floor(slot / 2 ** 18) % 2 ** 11,
    withheld: Math.floor(slot / 2 ** 7) % 2 ** 11,
    latencyMs: latencyOf((slot % 2 ** 7) * 2),
  };
}
