import { styleText } from 'node:util';
import { wantsColour } from '../domain/text/colour.js';

/** The style of the output of a command. */
export interface Style {
  readonly colour: boolean;
  /** Whether the output is a terminal. Lines are then cut to its width, and repetitions are summed up. */
  readonly terminal: boolean;
  /** Columns of the terminal, or 80 if unknown. */
  readonly width: number;
}

export type Tint = 'good' | 'warn' | 'bad' | 'dim' | 'strong';

const FORMATS = { good: 'green', warn: 'yellow', bad: 'red', dim: 'dim', strong: 'bold' } as const;
/** A symbol for each colour, for outputs without colours and for users who cannot distinguish them. */
const MARKS = { good: '●', warn: '▲', bad: '✖', dim: '○', strong: ' ' } as const;

const DEFAULT_WIDTH = 80;

/** The style of standard output. */
export function outputStyle(env: NodeJS.ProcessEnv = process.env): Style {
  // For a pipe, `columns` and `isTTY` are undefined, whatever the types declare.
  const { isTTY, columns } = process.stdout as { readonly isTTY?: boolean; readonly columns?: number };
  const terminal = isTTY === true;
  const width = columns === undefined || columns < 20 ? DEFAULT_WIDTH : columns;
  return { colour: wantsColour(env, terminal), terminal, width };
}

/** The text in a colour, if colours are enabled. */
export function tinted({ colour }: Pick<Style, 'colour'>, tint: Tint, text: string): string {
  return colour ? styleText(FORMATS[tint], text, { validateStream: false }) : text;
}

/** The same with a symbol in front. */
export function marked(style: Pick<Style, 'colour'>, tint: Tint, text: string): string {
  return tinted(style, tint, `${MARKS[tint]} ${text}`);
}

/** The same, wrapped to several lines that are indented below the text. */
export function markedLines(style: Pick<Style, 'colour' | 'width'>, tint: Tint, text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && longer.length <= style.width - 2) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return marked(style, tint, lines.join('\n  '));
}

/** Cuts the text to a number of columns. An ellipsis in the last column marks the cut. */
export function cut(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(columns - 1, 0)).join('')}…`;
}
