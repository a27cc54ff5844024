import { styleText } from 'node:util';
import { wantsColour } from '../domain/text/colour.js';

/** How what a command prints is to look. */
export interface Style {
  readonly colour: boolean;
  /** Whether a person reads along: then lines are cut to the width, and what repeats itself is summed up. */
  readonly terminal: boolean;
  /** Columns of the terminal, 80 where they are not known. */
  readonly width: number;
}

export type Tint = 'good' | 'warn' | 'bad' | 'dim' | 'strong';

const FORMATS = { good: 'green', warn: 'yellow', bad: 'red', dim: 'dim', strong: 'bold' } as const;
/** A shape beside each colour, since not everybody sees colours, and not every output has them. */
const MARKS = { good: '●', warn: '▲', bad: '✖', dim: '○', strong: ' ' } as const;

const USUAL_WIDTH = 80;

/** The style of standard output. */
export function outputStyle(env: NodeJS.ProcessEnv = process.env): Style {
  // Of a pipe there is no `columns` and `isTTY` is not even false, whatever the types say.
  const { isTTY, columns } = process.stdout as { readonly isTTY?: boolean; readonly columns?: number };
  const terminal = isTTY === true;
  const width = columns === undefined || columns < 20 ? USUAL_WIDTH : columns;
  return { colour: wantsColour(env, terminal), terminal, width };
}

/** The text in a colour, where colours are wanted. */
export function tinted({ colour }: Pick<Style, 'colour'>, tint: Tint, text: string): string {
  return colour ? styleText(FORMATS[tint], text, { validateStream: false }) : text;
}

/** The same with its shape before it. */
export function marked(style: Pick<Style, 'colour'>, tint: Tint, text: string): string {
  return tinted(style, tint, `${MARKS[tint]} ${text}`);
}

/** The same in as many lines as it needs, which go on below the text and not below the shape. */
export function markedLines(style: Pick<Style, 'colour' | 'width'>, tint: Tint, text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1) ?? ''} ${word}`;
    if (lines.length > 0 && longer.length <= style.width - 2) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return marked(style, tint, lines.join('\n  '));
}

/** Cut to so many columns, the last of them an ellipsis where something is left out. */
export function cut(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(columns - 1, 0)).join('')}…`;
}
