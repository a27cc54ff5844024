import { expect } from 'chai';
import fc from 'fast-check';
import { Columns, type Cell } from '#src/state/columns.js';

const KINDS = { small: Uint8Array, signed: Int8Array, word: Uint32Array, any: Float64Array };
type Arrays = { readonly [Name in keyof typeof KINDS]: InstanceType<(typeof KINDS)[Name]> };
const NAMES = ['small', 'signed', 'word', 'any'] as const;
const ROWS = 3_000;

describe('columns of numbers', () => {
  const write = ({ block, row }: Cell<Arrays>, value: number): void => {
    for (const name of NAMES) block.of[name][row] = value;
  };
  const read = ({ block, row }: Cell<Arrays>): (number | undefined)[] => NAMES.map((name) => block.of[name][row]);

  it('keep each row for itself, however many there are', () => {
    const columns = new Columns<Arrays>(KINDS);
    const cells = Array.from({ length: ROWS }, (_, i) => {
      const cell = columns.claim();
      write(cell, i % 100);
      return cell;
    });
    expect(cells.map(read)).to.deep.equal(cells.map((_, i) => NAMES.map(() => i % 100)));
  });

  it('give a row of zeros, also where it was used before, and never one that is in use', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 200 }), (steps) => {
        const columns = new Columns<Arrays>(KINDS);
        const held: Cell<Arrays>[] = [];
        for (const step of steps) {
          const [freed] = step < 4 ? held.splice(step, 1) : [];
          if (freed !== undefined) {
            freed.block.release(freed.row);
            continue;
          }
          const cell = columns.claim();
          expect(read(cell)).to.deep.equal([0, 0, 0, 0]);
          expect(held.some(({ block, row }) => block === cell.block && row === cell.row)).to.equal(false);
          write(cell, step + 1);
          held.push(cell);
        }
      }),
    );
  });

  it('reuse the rows that were freed, of all blocks, before they take more memory', () => {
    const columns = new Columns<Arrays>(KINDS);
    const cells = Array.from({ length: ROWS }, () => columns.claim());
    const blocks = [...new Set(cells.map(({ block }) => block))];
    expect(blocks.length).to.be.greaterThan(2);
    const places = (of: readonly Cell<Arrays>[]): string[] =>
      of.map(({ block, row }) => `${String(blocks.indexOf(block))}:${String(row)}`).sort();
    for (const cell of cells) {
      write(cell, 7);
      cell.block.release(cell.row);
    }
    const again = Array.from({ length: ROWS }, () => columns.claim());
    expect(places(again)).to.deep.equal(places(cells));
    expect(again.flatMap(read).every((value) => value === 0)).to.equal(true);
  });

  it('read a row that does not exist as undefined, and ignore writes to it', () => {
    const { block } = new Columns<Arrays>(KINDS).claim();
    write({ block, row: -1 }, 7);
    expect(read({ block, row: -1 })).to.deep.equal([undefined, undefined, undefined, undefined]);
    expect(read({ block, row: 0 })).to.deep.equal([0, 0, 0, 0]);
  });
});
