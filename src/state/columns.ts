const FIRST_ROWS = 64;

/** Integers from 0 to 255, from -128 to 127, from 0 to 2³² - 1, and any number. */
type Column = Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
type Kinds<Arrays> = { readonly [Name in keyof Arrays]: new (rows: number) => Arrays[Name] };

/**
 * The numbers of many rows, in one typed array per column. A number takes one, four or eight bytes, which is less than
 * as an object property.
 */
export class Columns<Arrays extends Readonly<Record<string, Column>>> {
  readonly #kinds: Kinds<Arrays>;
  readonly #free: number[] = [];
  #arrays: Arrays;
  #rows = FIRST_ROWS;
  #used = 0;

  constructor(kinds: Kinds<Arrays>) {
    this.#kinds = kinds;
    this.#arrays = this.#made();
  }

  /** The columns by name. `claim` may replace them. A row that does not exist reads as undefined and ignores writes. */
  get of(): Arrays {
    return this.#arrays;
  }

  /** Returns a row of zeros. */
  claim(): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row >= this.#rows) this.#grow();
    for (const column of Object.values(this.#arrays)) column[row] = 0;
    return row;
  }

  /** Frees the row for the next `claim`. */
  release(row: number): void {
    this.#free.push(row);
  }

  /** Grows by a quarter: doubling would waste megabytes at 100,000 rows. */
  #grow(): void {
    this.#rows = Math.ceil(this.#rows * 1.25);
    const grown = this.#made();
    for (const name of Object.keys(grown)) grown[name]?.set(this.#arrays[name] ?? []);
    this.#arrays = grown;
  }

  #made(): Arrays {
    const kinds: readonly [string, new (rows: number) => Column][] = Object.entries(this.#kinds);
    return Object.fromEntries(kinds.map(([name, Kind]) => [name, new Kind(this.#rows)] as const)) as Arrays;
  }
}
