/** The first block is small for a small registry; each further one is twice as large, up to the last size. */
const FIRST_ROWS = 64;
const MAX_ROWS = 1_024;

/** Integers from 0 to 255, from -128 to 127, from 0 to 2³² - 1, and any number. */
type Column = Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;
type Kinds<Arrays> = { readonly [Name in keyof Arrays]: new (rows: number) => Arrays[Name] };

/** Some rows of all columns. */
export interface Block<Arrays> {
  /** The columns by name. A row that does not exist reads as undefined and ignores writes. */
  readonly of: Arrays;
  /** Frees a row for the next claim. */
  readonly release: (row: number) => void;
}

/** A row in its block. */
export interface Cell<Arrays> {
  readonly block: Block<Arrays>;
  readonly row: number;
}

/**
 * The numbers of many rows, in typed arrays. A number takes one, four or eight bytes, which is less than as an object
 * property. The arrays never grow: a block is added instead. An array that is copied to grow leaves the old one to the
 * next full collection of garbage, 70 MiB or more in all with 1,000,000 rows.
 */
export class Columns<Arrays extends Readonly<Record<string, Column>>> {
  readonly #kinds: readonly (readonly [string, new (rows: number) => Column])[];
  readonly #free: Cell<Arrays>[] = [];
  #last: Block<Arrays>;
  #lastRows = FIRST_ROWS;
  /** Rows of the last block that were claimed. */
  #used = 0;

  constructor(kinds: Kinds<Arrays>) {
    this.#kinds = Object.entries(kinds);
    this.#last = this.#made(this.#lastRows);
  }

  /** Returns a row of zeros. */
  claim(): Cell<Arrays> {
    const freed = this.#free.pop();
    if (freed === undefined) return this.#next();
    for (const column of Object.values(freed.block.of)) column[freed.row] = 0;
    return freed;
  }

  #next(): Cell<Arrays> {
    if (this.#used === this.#lastRows) {
      this.#lastRows = Math.min(this.#lastRows * 2, MAX_ROWS);
      this.#last = this.#made(this.#lastRows);
      this.#used = 0;
    }
    const cell = { block: this.#last, row: this.#used };
    this.#used += 1;
    return cell;
  }

  #made(rows: number): Block<Arrays> {
    const block: Block<Arrays> = {
      of: Object.fromEntries(this.#kinds.map(([name, Kind]) => [name, new Kind(rows)] as const)) as Arrays,
      release: (row) => {
        this.#free.push({ block, row });
      },
    };
    return block;
  }
}
