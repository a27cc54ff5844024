/** Whether a command or a script has met a key of another type. */
export function isOfAnotherType(error: unknown): boolean {
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message);
}

/** What takes the place of a command that met a key of another type: that is this key's fault alone. Other failures stay. */
export function ifOfAnotherType<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isOfAnotherType(error)) return value;
    throw error;
  };
}

/** The fields of an entry of a stream, which come as a list of names and values in turn. */
export function fieldsOf(list: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) fields.set(list[i] ?? '', list[i + 1] ?? '');
  return fields;
}

/** The id in a stream that follows one; `(` before it, for a range without its beginning, takes Redis 6.2. */
export function idAfter(id: string): string {
  const [ms = '0', n = '0'] = id.split('-');
  return `${ms}-${String(BigInt(n) + 1n)}`;
}

/** A whole number from 0 on, as Redis has it in text; undefined where another program has written anything else. */
export function countOf(text: string | null | undefined): number | undefined {
  const value = text == null || text === '' ? NaN : Number(text);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
