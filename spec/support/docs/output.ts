/** What differs from one run to the next: times of day, ages, how long something took. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, 'TIME'],
  [/\b\d+(\.\d+)? ?(ms|s|min)\b/g, 'SPAN'],
  [/ +/g, ' '],
];

/** The lines of an output, with what varies taken out. */
export function comparable(text: string): readonly string[] {
  return VARYING.reduce((plain, [pattern, name]) => plain.replaceAll(pattern, name), text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
