/** One line of what /metrics answers. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a query selects by: a metric, and the labels that it asks for. */
export interface Selector {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** Prometheus adds these to whatever it scrapes. */
export const ADDED = ['job', 'instance'];
const METRIC = /\b(?:up|(?:consumer_scheduler|process|nodejs)_\w+)\b/g;

/** The series of a scrape in the text format. */
export function seriesIn(text: string): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => toSeries(line.replace(/ \S+$/, '')));
}

/** A series as the text format and promtool write it: `name{label="value"}`. */
export function toSeries(text: string): Series {
  const [, name = '', inner = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(text) ?? [];
  return { name, labels: Object.fromEntries(matchersIn(inner).map(({ label, value }) => [label, value])) };
}

/** Every metric of a query, with the labels it is asked for by. */
export function selectorsIn(query: string): readonly Selector[] {
  return [...query.matchAll(METRIC)].map(({ 0: name, index }) => {
    const [, inner = ''] = /^\{([^}]*)\}/.exec(query.slice(index + name.length)) ?? [];
    return { name, matchers: matchersIn(inner) };
  });
}

/** The labels that a query groups or joins by. */
export function groupedBy(query: string): readonly string[] {
  return [...query.matchAll(/\b(?:by|on|without|ignoring) \(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(/, */),
  );
}

/** Whether the series is selected; the labels that Prometheus adds are taken for right. */
export function selects({ name, matchers }: Selector, series: Series): boolean {
  return (
    series.name === name &&
    matchers
      .filter(({ label }) => !ADDED.includes(label))
      .every(({ label, operator, value }) => agrees(series.labels[label], operator, value))
  );
}

function agrees(found: string | undefined, operator: string, value: string): boolean {
  if (found === undefined) return false;
  if (operator === '=') return found === value;
  if (operator === '=~') return new RegExp(`^(?:${value})$`).test(found);
  throw new Error(`the matcher ${operator} is not understood`);
}

function matchersIn(text: string): readonly Matcher[] {
  return [...text.matchAll(/(\w+)(=~|!=|!~|=)"((?:[^"\\]|\\.)*)"/g)].map(
    ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
  );
}
