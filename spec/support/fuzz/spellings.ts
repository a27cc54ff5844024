import fc, { type Arbitrary } from 'fast-check';
import { sparse6 } from '../../domain/ip/addresses.js';
import { nearRanges } from '../../domain/ip/ranges.js';

type Spelling = (text: string) => string;

const octets = (change: (octet: number, i: number) => string): Spelling => {
  return (text) =>
    text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (quad) => quad.split('.').map(Number).map(change).join('.'));
};
const whole = (write: (n: number) => string): Spelling => {
  return (text) =>
    text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (quad) =>
      write(quad.split('.').reduce((n, o) => n * 256 + Number(o), 0)),
    );
};
const hexQuad: Spelling = whole((n) => `${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`);
/** A number in the digits of another script, by the code point of its zero. */
const inDigits = (n: number, zero: number): string =>
  String(n).replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)));
const around =
  (before: string, after = ''): Spelling =>
  (text) =>
    `${before}${text}${after}`;

/** Spellings that some other parser takes for an address, or that hide one address in another. */
const SPELLINGS: readonly Spelling[] = [
  octets((n) => `0${n.toString(8)}`),
  octets((n) => `0x${n.toString(16)}`),
  octets((n) => String(n).padStart(3, '0')),
  octets((n, i) => (i === 3 ? `0${n}` : String(n))),
  octets((n, i) => (i === 0 ? String(n + 256) : String(n))),
  octets((n) => inDigits(n, 0xff10)),
  octets((n) => inDigits(n, 0x0660)),
  whole(String),
  whole((n) => `0x${n.toString(16)}`),
  whole((n) => `0${n.toString(8)}`),
  whole((n) => `${n >>> 24}.${n & 0xffffff}`),
  whole((n) => `${n >>> 24}.${(n >>> 16) & 255}.${n & 0xffff}`),
  hexQuad,
  ...[
    '::ffff:',
    '::',
    '::ffff:0:',
    '64:ff9b::',
    '64:ff9b:1::',
    '0:0:0:0:0:ffff:',
    '2002:',
    '2001:0:',
    'fe80::',
  ].flatMap((prefix): Spelling[] => [
    around(prefix),
    (text) => prefix + hexQuad(text),
    (text) => `${prefix}${hexQuad(text)}::1`,
  ]),
  ...[
    '%eth0',
    '%25eth0',
    '%1',
    '%',
    ':80',
    '/24',
    '/',
    '.',
    '..',
    ':',
    '::',
    '\0',
    '\n',
    '#',
    '?',
    '@',
    ',8.8.8.8',
    ' 8.8.8.8',
  ].map((end) => around('', end)),
  ...['\ufeff', ' ', '\t', '\u00a0', '\u200b', '\u2028', '+', '-', '0', 'user@', 'http://', '//', '\\'].map((start) =>
    around(start),
  ),
  around('[', ']'),
  around('[', ']:80'),
  around('"', '"'),
  (text) => text.toUpperCase(),
  (text) => text.replaceAll('.', '。'),
  (text) => text.replaceAll(':', '：'),
  (text) => text.replace(/(^|:)0:/, '$1:'),
  (text) => text.replace('::', ':::'),
  (text) => text.replace(/[\da-f]+/i, (group) => group.padStart(5, '0')),
  (text) => text.replace(/[\da-f]+/i, (group) => group.padStart(4, '0')),
  (text) => encodeURIComponent(text),
];

const touched$: Arbitrary<Spelling> = fc
  .tuple(
    fc.nat(45),
    fc.nat(2),
    fc.constantFrom('', '0', '1', 'f', '.', ':', '::', '%', 'x', ' ', '-', 'g', '\0', '１', 'İ'),
  )
  .map(
    ([at, drop, put]) =>
      (text) =>
        text.slice(0, at) + put + text.slice(at + drop),
  );

/** Addresses of every kind, and texts that are nearly one. */
export const spelling$: Arbitrary<string> = fc
  .tuple(
    fc.oneof(fc.ipV4(), fc.ipV6(), sparse6(), nearRanges(), nearRanges()),
    fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...SPELLINGS) }, { weight: 1, arbitrary: touched$ }), {
      maxLength: 2,
      size: 'max',
    }),
  )
  .map(([ip, spellings]) => spellings.reduce((text, spell) => spell(text), ip));

/** Bodies that a service of addresses may send for it. */
export const body$: Arbitrary<string> = fc
  .tuple(
    spelling$,
    spelling$,
    fc.constantFrom<((ip: string, other: string) => string)[]>(
      (ip) => ip,
      (ip) => `${ip}\r\n`,
      (ip) => `\ufeff${ip}`,
      (ip) => JSON.stringify(ip),
      (ip) => JSON.stringify({ ip }),
      (ip) => JSON.stringify({ ip: [ip], query: ip }),
      (ip, other) => JSON.stringify({ ip, address: other }),
      (ip, other) => `{"ip":"${ip}","ip":"${other}"}`,
      (ip) => `{"__proto__":{"ip":"${ip}"},"ip_addr":"${ip}"}`,
      (ip) => `{"ip":"${ip}"`,
      (ip, other) => `${ip} ${other}`,
      (ip, other) => `${ip}\n${other}`,
      (ip) => `<p>${ip}</p>`,
      (ip) => ip.repeat(200),
    ),
  )
  .map(([ip, other, write]) => write(ip, other));
