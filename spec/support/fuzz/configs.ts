import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { parse } from 'yaml';
import { keyPaths } from '#src/config/keys.js';
import { anyText } from './inputs.js';

const example = readFileSync(new URL('../../../../consumer-scheduler.example.yaml', import.meta.url), 'utf8');
const bare = example.replace(/^\s*#.*\n|^\n/gm, '');
const commented = example.replace(/^(\s*)# ((?: {2})*\w+:)/gm, '$1$2');
const json = JSON.stringify(parse(example), undefined, 1);
const [uuid = '', ...groups] = bare.split(/\n(?=\w)/);
/** Most often a few of the groups: a short text is quick to read, and a mutation of it seldom beside the point. */
const text$ = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.subarray(groups, { maxLength: 2 }).map((some) => [uuid, ...some].join('\n')),
  },
  { weight: 1, arbitrary: fc.constantFrom(bare, json, commented) },
);

/** What a value may be that nobody expected: numbers at their limits, every YAML notation, things that only look right. */
const VALUES = [
  ...['', '~', 'null', 'true', 'yes', 'on', '[]', '{}', '[[[]]]', '0', '-0', '-1', '1e400', '1e-400', '.nan', '-.inf'],
  ...['0x7fffffff', '0o777', '1_000', '99999999999999999999', '9007199254740993', '4294967296', '2147483648', '0.1'],
  ...['50', '50ms', '49.5ms', '336h', '337h', '1h1m', '5 s', '-1s', '1e3s', '10M', "'60s'", '"5s\\0"', '1.9999999999s'],
  ...['*a', '&a 1', '&a {port: 80}', '&a [*a]', '{<<: *a}', '{<<: 5}', '{? [a] : b}', '{? {a: b} : c}', '!!str 5s'],
  ...[
    '!!int "7"',
    '!!float 7',
    '!!binary aGk=',
    '!!binary "?"',
    '!x y',
    '!<tag:yaml.org,2002:map> {}',
    '!!js/function x',
    '!!set {a}',
    '!!omap [a: 1]',
    '!!timestamp 2001-12-14',
    '2001-12-14',
  ],
  ...['|\n  text', '>-\n   text', '|9', '"\\u0000"', '"\\ud800"', '"\\u2028"', "'", '"', '`', '@', '%', '\t', '# none'],
  ...['embedded', 'redis://[::1', 'redis://u:%zz@h', 'unix://x', 'unix:///%00', 'rediss://h/99x', 'redis://h:99999'],
  ...[
    'redis://u:a/b@h',
    'redis://u:a?b@h',
    'redis://h?db=1',
    'redis://h/1?db=1',
    'redis://h#1',
    'redis://h:0',
    'unix:///s?db=1',
  ],
  ...['never', '"\'p2p:\'"', '60', '999', '*same', '{<<: {port: 80}}', 'http://me:a/b@h/'],
  ...['http://', 'https://[::1%25lo]/', 'ftp://x', '/', '//', '/ x', '/\u00a0', '203.0.113.7', '::ffff:1.2.3.4%eth0'],
  ...['01.1.1.1', '1.1', '{p2p}:', '{}', '{{}', '[dns, dns]', '[{url: "http://a"}, {url: "http://A/"}]', '[{}]'],
  ...['{url: http://a, interface: b}', '{"a b": c}', '{host: x}', '{x: 1}', '{x: "\\r\\n"}', '{__proto__: {a: 1}}'],
  ...[
    '[public, *a]',
    '[loopback, [private]]',
    '{name: x, nodes: ["h:1", "h:x"]}',
    '["redis://h:1"]',
    '{ca: /dev/null}',
  ],
  ...['{cert: x}', '{key: .}', '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11', '2F1C8A5E-8F5B-4A52-9C0E-5D0F8F2B7A11'],
];

const KEYS = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '<<', '""', '"a\\nb"', 'null', '~', '1'],
  ...[
    'true',
    '[a]',
    '{a: b}',
    '? [a, b]\n',
    '!!str x',
    '&k port',
    '*a',
    '"\\ud800"',
    '"\\0"',
    '-',
    '- port',
    '$schema',
  ],
  ...['sync', 'uuid', 'sync.interval', 'Interval', 'port', 'k'.repeat(5_000), '"\\u001b[2J"', 'é', '\u202e', '_'],
];

/** What may stand before everything else. */
const HEADS = [
  '\ufeff',
  '---\n',
  '%YAML 1.1\n---\n',
  '%YAML 1.3\n---\n',
  '%YAML 9\n---\n',
  '%TAG ! x:\n---\n',
  '\0',
  '\r',
];
/** What may stand anywhere. */
const NOISE = [
  ...['\0', '\t', '\r', '\n', '\r\n', '\u0085', '\u2028', '\ufeff', '\ud800', ':', ': ', '-', '- ', '?', ',', '"', "'"],
  ...['{', '}', '[', ']', '&a ', '*a', '!', '!!', '|', '>', '%', '#', ' #', '...\n', '---\n', '\\', '  ', '💥'],
];

type Mutation = (text: string) => string;

/** Changes the line that a number picks. */
function onLine(at: number, change: (line: string) => string): Mutation {
  return (text) => {
    const lines = text.split('\n');
    const n = at % lines.length;
    return lines.toSpliced(n, 1, change(lines[n] ?? '')).join('\n');
  };
}

const nth = fc.nat(10_000);
const value$ = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: fc.double().map(String) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: anyText(20) },
);
const key$ = fc.oneof(fc.constantFrom(...KEYS), fc.constantFrom(...keyPaths), fc.string({ maxLength: 10 }));
const deep$ = fc
  .tuple(fc.constantFrom(['[', ']'], ['{a: ', '}'], ['- ', ''], ['? ', ''], ['!!seq [', ']']), fc.nat(300))
  .map(([[open = '', close = ''], depth]) => open.repeat(depth) + close.repeat(depth));

const mutation$: Arbitrary<Mutation> = fc.oneof(
  fc
    .tuple(nth, fc.oneof(value$, deep$))
    .map(([at, value]) => onLine(at, (line) => line.replace(/:.*|$/, `: ${value}`))),
  fc.tuple(nth, key$).map(([at, key]) => onLine(at, (line) => line.replace(/[\w$]+(?=:)|$/, () => key))),
  fc
    .tuple(nth, key$, value$, fc.nat(6))
    .map(([at, key, value, indent]) => onLine(at, (line) => `${line}\n${' '.repeat(indent)}${key}: ${value}`)),
  nth.map((at) => onLine(at, (line) => `${line}\n${line}`)),
  nth.map((at) => onLine(at, () => '')),
  fc
    .tuple(nth, fc.constantFrom('', ' ', '    ', '\t'))
    .map(([at, by]) => onLine(at, (line) => line.replace(/^\s*/, by))),
  fc.tuple(nth, fc.constantFrom(...NOISE)).map(([at, noise]): Mutation => {
    return (text) => text.slice(0, at % (text.length + 1)) + noise + text.slice(at % (text.length + 1));
  }),
  fc.tuple(nth, fc.nat(40)).map(([at, n]): Mutation => {
    return (text) => text.slice(0, at % (text.length + 1)) + text.slice((at % (text.length + 1)) + n);
  }),
  nth.map(
    (at): Mutation =>
      (text) =>
        text.slice(0, at % (text.length + 1)),
  ),
  fc.constantFrom(...HEADS).map(
    (head): Mutation =>
      (text) =>
        head + text,
  ),
  fc.constantFrom('\r\n', '\r', '\u2028').map(
    (end): Mutation =>
      (text) =>
        text.replaceAll('\n', end),
  ),
);

const mutated$ = fc
  .tuple(text$, fc.array(mutation$, { maxLength: 6, size: 'max' }))
  .map(([text, mutations]) => mutations.reduce((all, mutate) => mutate(all), text));

/** A few bytes in the midst of the text: most make it invalid UTF-8. */
const littered$ = fc.tuple(mutated$, nth, fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([text, at, noise]) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([bytes.subarray(0, at % (bytes.length + 1)), noise, bytes.subarray(at % (bytes.length + 1))]);
});

/** The bytes of a configuration file: the example of the project, and what many small accidents make of it. */
export const file$: Arbitrary<Buffer> = fc.oneof(
  { weight: 12, arbitrary: mutated$.map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: littered$ },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
);

const variable$ = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('LOCAL_UUID', 'REDIS_URL', 'IP_OVERRIDE', 'LOG_LEVEL', '__proto__', 'PATH') },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...keyPaths), fc.constantFrom('__', '__', '__', '_', '.'))
      .map(([path, joint]) => `CONSUMER_SCHEDULER__${path.toUpperCase().replaceAll('.', joint)}`),
  },
  { weight: 1, arbitrary: key$.map((key) => `CONSUMER_SCHEDULER__${key}`) },
  { weight: 1, arbitrary: key$.map((key) => `CONSUMER_SCHEDULER_${key}`) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }).map((name) => `CONSUMER_SCHEDULER__SYNC__${name}`) },
);

/** An environment, most often without a word to us. */
export const environment$: Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.dictionary(variable$, fc.oneof(value$, deep$), { maxKeys: 4, noNullPrototype: true }) },
);
