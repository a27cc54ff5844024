import fc, { type Arbitrary } from 'fast-check';

type Family = 'ipv4' | 'ipv6';

/** A range in CIDR notation as `BlockList.addSubnet` takes it. */
export function subnet(range: string): [string, number, Family] {
  const [base = '', bits] = range.split('/');
  return [base, Number(bits), familyOf(base)];
}

export function familyOf(ip: string): Family {
  return ip.includes(':') ? 'ipv6' : 'ipv4';
}

/** Any address of the range; its first and its last one often. */
export function within(range: string): Arbitrary<string> {
  const { first, last, write } = bounds(range);
  return fc.oneof(fc.constantFrom(first, last), fc.bigInt({ min: first, max: last })).map(write);
}

/** The first and the last address of the range, and their neighbours on either side. */
export function edges(range: string): Arbitrary<string> {
  const { first, last, max, write } = bounds(range);
  const near = [first - 1n, first, first + 1n, last - 1n, last, last + 1n].filter((n) => n >= 0n && n <= max);
  return fc.constantFrom(...near).map(write);
}

/** IPv6 addresses with many groups of zero, which is where spellings differ. */
export function sparse6(): Arbitrary<string> {
  const group$ = fc.constantFrom('0', '0000', '1', 'ffff', 'Ab');
  return fc
    .tuple(fc.constantFrom('2a00', '0', 'fd00', 'fe80'), fc.array(group$, { minLength: 7, maxLength: 7 }))
    .map(([head, rest]) => [head, ...rest].join(':'));
}

function bounds(range: string) {
  const [base, bits, family] = subnet(range);
  const width = family === 'ipv4' ? 32n : 128n;
  const first = numberOf(base);
  return {
    first,
    last: first + 2n ** (width - BigInt(bits)) - 1n,
    max: 2n ** width - 1n,
    write: family === 'ipv4' ? write4 : write6,
  };
}

/** The number that an address literal stands for. */
export function numberOf(ip: string): bigint {
  return familyOf(ip) === 'ipv4' ? read4(ip) : read6(ip);
}

function read4(ip: string): bigint {
  return ip.split('.').reduce((n, octet) => n * 256n + BigInt(octet), 0n);
}

/** Hexadecimal groups around at most one `::`, the last two of them perhaps as an IPv4 address. */
function read6(ip: string): bigint {
  const hex = ip.replace(/[\d.]+\.[\d.]+$/, (quad) => [read4(quad) >> 16n, read4(quad) & 65_535n].map(hexOf).join(':'));
  const [head = '', tail = ''] = hex.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const zeros = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: zeros }, () => '0'), ...groups(tail)];
  return all.reduce((n, group) => n * 65_536n + BigInt(`0x${group}`), 0n);
}

function hexOf(n: bigint): string {
  return n.toString(16);
}

function write4(n: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((n >> shift) & 255n)).join('.');
}

function write6(n: bigint): string {
  return [7n, 6n, 5n, 4n, 3n, 2n, 1n, 0n].map((i) => ((n >> (16n * i)) & 65_535n).toString(16)).join(':');
}
