import fc, { type Arbitrary } from 'fast-check';
import { anyText, save, type Saved } from './inputs.js';
import { spelling$ } from './spellings.js';

/** One member of the set of consumers, and what stands at its key. */
export interface StoredEntry {
  readonly member: Saved;
  readonly type: 'hash' | 'none' | 'string' | 'list' | 'set' | 'zset' | 'stream';
  readonly fields: Readonly<Record<string, Saved>>;
}

const NUMBERS = [
  ...['', '0', '-0', '1', '-1', '2', '3', '1e3', '0x10', ' 5 ', '1.5', 'NaN', 'Infinity', '9007199254740991', '1e400'],
  ...['9007199254740992', '-9223372036854775808', '18446744073709551616', '8640000000000001', '0'.repeat(5_000), '٣'],
];
const TEXTS = ['', 'available', 'suspect', 'unavailable', 'Available', 'address-invalid', 'address-denied', 'timeout'];
const PORTS = ['', '0', '1', '80', '080', '65535', '65536', '+80', '80 ', '8e1', '-1', '８０', 'http', '80\0'];

/** Any text, from nothing to far more than belongs there. */
const text$ = fc.oneof(
  { weight: 6, arbitrary: anyText(20) },
  { weight: 1, arbitrary: fc.nat(50_000).map((length) => 'x'.repeat(length)) },
);
const bytes$ = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
const oneOf = (texts: readonly string[]): Arbitrary<string> =>
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...texts) }, { weight: 1, arbitrary: text$ });
const number$ = oneOf(NUMBERS);

const fields$ = fc.record(
  {
    ip: fc.oneof(
      { weight: 4, arbitrary: fc.ipV4() },
      { weight: 4, arbitrary: spelling$ },
      { weight: 1, arbitrary: text$ },
      { weight: 1, arbitrary: bytes$ },
    ),
    port: oneOf(PORTS),
    last_seen: number$,
    available: number$,
    state: oneOf(TEXTS),
    state_since: number$,
    checked_at: number$,
    last_ok_at: number$,
    latency_ms: number$,
    failures: number$,
    error: oneOf(TEXTS),
    note: bytes$,
  },
  { requiredKeys: ['note'], noNullPrototype: true },
);

const member$ = fc.oneof(
  { weight: 12, arbitrary: fc.uuid() },
  { weight: 3, arbitrary: anyText(40) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ':', '*', '__proto__', 'constructor', '\0', '\r\n', '\ufffd', 'x'.repeat(5_000)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);

const bytesOf = (value: string | Uint8Array): Saved => save(typeof value === 'string' ? Buffer.from(value) : value);

/** An entry of the registry as some other program may have left it. */
export const entry$: Arbitrary<StoredEntry> = fc
  .tuple(
    member$,
    fc.oneof(
      { weight: 12, arbitrary: fc.constant<StoredEntry['type']>('hash') },
      {
        weight: 1,
        arbitrary: fc.constantFrom<StoredEntry['type'][]>('none', 'string', 'list', 'set', 'zset', 'stream'),
      },
    ),
    fields$,
  )
  .map(([member, type, fields]) => ({
    member: bytesOf(member),
    type,
    fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, bytesOf(value)])),
  }));
