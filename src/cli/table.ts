import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { tinted, type Style } from './style.js';

const LINES = ['top', 'bottom', 'left', 'mid', 'right'];
const CORNERS = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right'];
const CROSSINGS = ['left-mid', 'mid-mid', 'right-mid'];
const GAP = '  ';
/** Minimum width of the last column. */
const MIN_WIDTH = 20;

export interface TableOptions {
  readonly head?: readonly string[];
  readonly aligns?: readonly ('left' | 'right')[];
}

/** A table without lines. Columns are as wide as their cells; the last one wraps at the width of the terminal. */
export function table(rows: readonly (readonly string[])[], style: Style, options: TableOptions = {}): string {
  const { head = [], aligns = [] } = options;
  const none = Object.fromEntries([...LINES, ...CORNERS, ...CROSSINGS].map((name) => [name, '']));
  const made = new Table({
    head: head.map((text) => tinted(style, 'dim', text)),
    chars: { ...none, middle: GAP },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: [...aligns],
    colWidths: widths([head, ...rows], style.width),
    wordWrap: true,
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString().replace(/ +$/gm, '');
}

/** The widest cell of each column. The last column gets the remaining width. */
function widths(rows: readonly (readonly string[])[], width: number): number[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const needed = Array.from({ length: columns }, (_, i) => Math.max(1, ...rows.map((row) => widthOf(row[i] ?? ''))));
  const others = needed.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0);
  return needed.map((one, i) => (i === columns - 1 ? Math.min(one, Math.max(width - others, MIN_WIDTH)) : one));
}

function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}
