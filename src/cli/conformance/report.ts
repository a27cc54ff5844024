import { escaped } from '../../domain/text/printable.js';
import { counted } from '../../domain/text/words.js';
import { marked, markedLines, tinted, type Style, type Tint } from '../style.js';
import { table } from '../table.js';
import type { Finding } from './finding.js';
import { PROMISES } from './promises.js';

const TINTS: Readonly<Record<Finding['result'], Tint>> = {
  kept: 'good',
  broken: 'bad',
  remark: 'warn',
  'not-checked': 'dim',
};

/** The findings by group, in the order of the promises. Unchecked promises come last, grouped by reason. */
export function inWords(findings: readonly Finding[], style: Style): string {
  const rows: (readonly string[])[] = [];
  const reasons = new Map<string, string[]>();
  let group = '';
  for (const finding of findings) {
    const { group: own } = promise(finding.id);
    if (finding.result === 'not-checked') {
      reasons.set(finding.seen, [...(reasons.get(finding.seen) ?? []), finding.id]);
      continue;
    }
    if (own !== group) rows.push([tinted(style, 'strong', own), '']);
    group = own;
    rows.push(row(finding, style));
  }
  const unchecked = [...reasons].map(([why, ids]) => [
    marked(style, 'dim', 'not checked'),
    `${escaped(why)}: ${ids.join(', ')}`,
  ]);
  return `${table([...rows, ...unchecked], style)}\n\n${summary(findings, style)}\n`;
}

function row({ id, result, seen, expected = '' }: Finding, style: Style): readonly string[] {
  const advised = result === 'remark' ? 'only recommended; ' : '';
  const details = result === 'kept' ? [] : [`${advised}seen: ${seen}`, `expected: ${expected}`];
  const lines = details.map((line) => tinted(style, 'dim', escaped(line)));
  return [marked(style, TINTS[result], id), [promise(id).text, ...lines].join('\n')];
}

function summary(findings: readonly Finding[], style: Style): string {
  const of = (result: Finding['result']): readonly Finding[] => findings.filter((one) => one.result === result);
  const [broken, remarks, unchecked] = [of('broken'), of('remark'), of('not-checked')];
  const checked = findings.length - unchecked.length;
  const others = [
    ...(remarks.length > 0 ? [counted(remarks.length, 'recommendation') + ' not followed'] : []),
    ...(unchecked.length > 0 ? [`${unchecked.length} not checked`] : []),
  ];
  const names = broken.map(({ id }) => id).join(', ');
  const first =
    broken.length > 0
      ? `${broken.length} of ${counted(checked, 'promise')} broken (${names})`
      : `${counted(checked - remarks.length, 'promise')} kept, none broken`;
  const tint = broken.length > 0 ? 'bad' : remarks.length > 0 ? 'warn' : 'good';
  return markedLines(style, tint, [first, ...others].join('; '));
}

function promise(id: Finding['id']): (typeof PROMISES)[number] {
  const found = PROMISES.find((one) => one.id === id);
  if (found === undefined) throw new RangeError(id);
  return found;
}

/** The same as JSON. */
export function asJson(findings: readonly Finding[], more: object): string {
  const promises = findings.map(({ id, ...finding }) => {
    const { group, text, recommended = false } = promise(id);
    return { id, group, text, recommended, ...finding };
  });
  return escaped(JSON.stringify({ ...more, promises }));
}
