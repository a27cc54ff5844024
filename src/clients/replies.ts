/**
 * Replaces the result of a command on a key of another type, because only that key is at fault. Other errors are
 * thrown.
 */
export function ifOfAnotherType<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return value;
    throw error;
  };
}

/** The fields of a stream entry, which come as an alternating list of names and values. */
export function fieldsOf(list: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) fields.set(list[i] ?? '', list[i + 1] ?? '');
  return fields;
}

/** The next id of a stream. A range that starts with `(` would need Redis 6.2. */
export function idAfter(id: string): string {
  const [ms = '0', n = '0'] = id.split('-');
  return `${ms}-${String(BigInt(n) + 1n)}`;
}

/** A whole number from 0 on in a Redis text. It is undefined if another program has written something else. */
export function countOf(text: string | null | undefined): number | undefined {
  const value = text == null || text === '' ? NaN : Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
