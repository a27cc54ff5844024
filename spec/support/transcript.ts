import { expectKept } from './kept.js';
import { Program } from './program.js';

/** What differs from one run to the next, and what stands for it. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/(\d+ (s|min|h|d)|\d+[smhd]) ago/g, '5 s ago'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-01-01T00:00:00.000Z'],
  [/\d\d:\d\d:\d\d(?= [●▲✖·] )/g, '00:00:00'],
  [/\(term \d+\)/g, '(term 1767225600)'],
  [/\bin \d+(\.\d+)? (ms|s)\b/g, 'in 0.1 s'],
];

/** What an operator types and reads, kept as a file, so that a change of words is seen in review. */
export class Transcript {
  readonly #parts: string[] = [];
  readonly #names: (readonly [string, string])[] = [];
  readonly #varying = [...VARYING];

  /** What is another text in each run, and what stands for it. */
  vary(pattern: RegExp, shown: string): void {
    this.#varying.push([pattern, shown]);
  }

  /** A text that is another one in each run, such as a path, is shown as this name. */
  hide(text: string, name: string): void {
    this.#names.push([text, name]);
  }

  /** Runs a command and takes down what it prints, standard error marked, and the exit code where that is not 0. */
  async run(words: readonly string[], config?: object, env: NodeJS.ProcessEnv = {}): Promise<void> {
    const program = Program.start(words, {
      ...(config && { config }),
      env: { NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
    });
    const code = await program.ended();
    this.hide(program.folder, '/folder');
    await program.clear();
    this.add(words, program.stdout, program.stderr, code);
  }

  add(words: readonly string[], stdout: string, stderr: string, code: number): void {
    const errors = stderr === '' ? '' : `${stderr.replace(/\n$/, '').replace(/^/gm, '2> ')}\n`;
    const end = code === 0 ? '' : `[exit ${String(code)}]\n`;
    const part = `$ consumer-scheduler ${words.join(' ')}\n${stdout}${errors}${end}`;
    this.#parts.push(part.replaceAll(/ +$/gm, ''));
  }

  /** Holds what was taken down against the file, or makes it the file where that is asked for. */
  expectUnchanged(name: string): void {
    let text = this.#parts.join('\n');
    for (const [hidden, shown] of this.#names) text = text.replaceAll(hidden, shown);
    for (const [pattern, shown] of this.#varying) text = text.replaceAll(pattern, shown);
    expectKept(name, text);
  }
}
