const FIRST_ROWS = 64;

/**
 * The numbers of many rows, in one typed array per column. A number takes four bytes (unsigned, 32 bits) or eight (a
 * double), which is a half or a third of its size as an object property.
 */
export class Columns<Word extends string, Double extends string> {
  readonly #free: number[] = [];
  readonly #words = new Map<Word, Uint32Array<ArrayBuffer>>();
  readonly #doubles = new Map<Double, Float64Array<ArrayBuffer>>();
  #rows = FIRST_ROWS;
  #used = 0;

  constructor(words: readonly Word[], doubles: readonly Double[]) {
    for (const name of words) this.#words.set(name, new Uint32Array(FIRST_ROWS));
    for (const name of doubles) this.#doubles.set(name, new Float64Array(FIRST_ROWS));
  }

  /** Returns a row of zeros. */
  claim(): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row >= this.#rows) this.#grow();
    for (const column of this.#words.values()) column[row] = 0;
    for (const column of this.#doubles.values()) column[row] = 0;
    return row;
  }

  /** Frees the row for the next `claim`. */
  release(row: number): void {
    this.#free.push(row);
  }

  word(name: Word, row: number): number {
    return this.#words.get(name)?.[row] ?? 0;
  }

  setWord(name: Word, row: number, value: number): void {
    const column = this.#words.get(name);
    if (column !== undefined) column[row] = value;
  }

  double(name: Double, row: number): number {
    return this.#doubles.get(name)?.[row] ?? 0;
  }

  setDouble(name: Double, row: number, value: number): void {
    const column = this.#doubles.get(name);
    if (column !== undefined) column[row] = value;
  }

  /** Grows by half: doubling would waste megabytes at 100,000 rows. */
  #grow(): void {
    this.#rows = Math.ceil(this.#rows * 1.5);
    for (const [name, column] of this.#words) {
      const grown = new Uint32Array(this.#rows);
      grown.set(column);
      this.#words.set(name, grown);
    }
    for (const [name, column] of this.#doubles) {
      const grown = new Float64Array(this.#rows);
      grown.set(column);
      this.#doubles.set(name, grown);
    }
  }
}
