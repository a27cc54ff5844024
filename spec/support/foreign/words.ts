/** What a stranger may say to steer a terminal, break a log apart or fill a disk. */
export const WORDS: Readonly<Record<string, string>> = {
  'an escape sequence': '\u001b[31mred\u001b[2J',
  'a title for the window': '\u001b]0;owned\u0007',
  'an 8-bit escape sequence': '\u009b31mred',
  'a line of its own': 'x\r\n{"level":"error","message":"forged"}\n00:00:00 ✖ forged',
  'the end of a JSON text': '"}],"level":"forged","x":{"y":"\\',
  HTML: '</pre><script>alert(1)</script>',
  'a backspace, a delete and a NUL': 'a\b\b\u007f\u0000',
  'a change of direction': '\u202egnp.exe\u2066',
  'a long text': 'x'.repeat(20_000),
};

/** What must never be written as such: control characters of both sets, and those that turn the direction. */
const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** The first lines that hold what they should not: a control character, or more than a line should. */
export function unsafeLines(output: string, longest = 1_000): readonly string[] {
  return output
    .split('\n')
    .filter((line) => UNSAFE.test(line) || line.length > longest)
    .slice(0, 5)
    .map((line) => JSON.stringify(`${line.slice(0, 200)} (${line.length} characters)`));
}
