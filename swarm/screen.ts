import type { LogLine } from './scheduler.js';

/** Where the demo prints, and how. */
export interface Output {
  readonly colour: boolean;
  /** Columns; no line is longer. */
  readonly width: number;
  readonly write: (text: string) => unknown;
}

type Tint = keyof typeof TINTS;

const TINTS = { error: '31', warn: '33', info: '36', debug: '90', chapter: '1;35', hint: '32', sum: '1;32' } as const;
const MARKS: Readonly<Record<string, string>> = { error: '✖', warn: '▲', info: '●', debug: '·' };
/** Under the text of a line of the log, past its time and its mark. */
const INDENT = ' '.repeat('00:00:00 ● '.length);

/** What the viewer of the demo sees: chapters, where to look, and the log between them. */
export class Screen {
  /** Names for UUIDs, where the story has some. */
  names: ReadonlyMap<string, string> = new Map();

  constructor(private readonly output: Output) {}

  /** The title of a chapter, with a rule to the edge. */
  chapter(text: string): void {
    const title = `── ${text} `;
    this.#write('chapter', title.padEnd(this.output.width, '─'));
  }

  /** Something to know besides the log. */
  hint(text: string): void {
    for (const line of wrapped(`→ ${text}`, this.output.width, '  ')) this.#write('hint', line);
  }

  /** What came of a chapter. */
  sum(text: string): void {
    for (const line of wrapped(`= ${text}`, this.output.width, '  ')) this.#write('sum', line);
  }

  /** A line of the program's log as it is in a terminal, but for the UUIDs and the width. */
  log({ level, message, timestamp }: LogLine): void {
    const time = timestamp === undefined ? '' : clockTime(new Date(timestamp));
    const mark = MARKS[level] ?? ' ';
    const tint = level in MARKS ? (level as Tint) : 'debug';
    const text = `${time} ${mark} ${shortened(message, this.names)}`;
    const [first = '', ...rest] = wrapped(text, this.output.width, INDENT);
    const tinted = this.output.colour ? first.replace(mark, this.#tinted(tint, mark)) : first;
    for (const line of [tinted, ...rest]) this.output.write(`${line}\n`);
  }

  #write(tint: Tint, text: string): void {
    this.output.write(`${this.#tinted(tint, text)}\n`);
  }

  #tinted(tint: Tint, text: string): string {
    return this.output.colour ? `\u001b[${TINTS[tint]}m${text}\u001b[0m` : text;
  }
}

const UUID = /\b([\da-f]{8})-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi;

/** The text with a name for each UUID that has one, and eight characters of every other, as the page has them. */
export function shortened(text: string, names: ReadonlyMap<string, string> = new Map()): string {
  return text.replace(UUID, (uuid, start: string) => names.get(uuid) ?? `${start}…`);
}

/** The text in lines of at most so many characters, broken between words, and within those that are longer still. */
export function wrapped(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  let before = '';
  while (before.length + rest.length > width) {
    const room = Math.max(1, width - before.length);
    const space = rest.lastIndexOf(' ', room);
    const end = space > 0 ? space : room;
    lines.push(before + rest.slice(0, end));
    rest = rest.slice(end).trimStart();
    before = indent;
  }
  return rest === '' ? lines : [...lines, before + rest];
}

function clockTime(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}
