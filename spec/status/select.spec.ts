import { expect } from 'chai';
import fc from 'fast-check';
import { addressKey, readCursor, select, type Candidate, type Choice } from '#src/status/select.js';

const EVERY: Choice = { states: undefined, q: undefined, descending: false, limit: 100, cursor: undefined };

describe('select', () => {
  const text = fc.oneof(fc.string({ maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 400 }));
  const key = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer());
  const candidates = fc.uniqueArray(
    fc.record({
      uuid: text,
      ip: fc.option(fc.constantFrom('1.2.3.4', '10.0.0.1', '2001:db8::AB')),
      state: fc.constantFrom('a', 'b', 'c'),
      key,
    }),
    { selector: ({ uuid }) => uuid, maxLength: 60 },
  );
  const choice = fc.record({
    states: fc.option(fc.constantFrom(new Set(['a']), new Set(['a', 'c']), new Set<string>()), { nil: undefined }),
    q: fc.option(fc.constantFrom('A', '1', '.', '10.0', 'ab', 'x'), { nil: undefined }),
    descending: fc.boolean(),
    limit: fc.integer({ min: 1, max: 70 }),
  });

  /** The same, said as plainly as it can be. */
  const model = (all: readonly Candidate[], { states, q, descending }: Omit<Choice, 'limit' | 'cursor'>) => {
    const wanted = q?.toLowerCase() ?? '';
    const found = all.filter(
      ({ uuid, ip, state }) =>
        (states === undefined || states.has(state)) &&
        (uuid.toLowerCase().includes(wanted) || (ip ?? '').toLowerCase().includes(wanted)),
    );
    found.sort((a, b) => (a.key === b.key ? compare(a.uuid, b.uuid) : a.key < b.key ? -1 : 1));
    return descending ? found.reverse() : found;
  };
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const pagesOf = (all: readonly Candidate[], wanted: Omit<Choice, 'cursor'>): Candidate[][] => {
    const pages: Candidate[][] = [];
    let cursor: Choice['cursor'];
    do {
      const { page, next } = select(all, { ...wanted, cursor });
      pages.push([...page]);
      if (next === undefined) return pages;
      cursor = readCursor(next);
      expect(cursor, 'a cursor of its own').to.not.equal(undefined);
    } while (pages.length <= all.length);
    throw new Error('the pages have no end');
  };

  it('finds what filtering, sorting and cutting would', () => {
    fc.assert(
      fc.property(candidates, choice, (all, wanted) => {
        const found = model(all, wanted);
        const { page, total, next } = select(all, { ...wanted, cursor: undefined });
        expect(page.length).to.equal(Math.min(found.length, wanted.limit));
        expect(total).to.equal(found.length);
        expect(next === undefined).to.equal(found.length <= wanted.limit);
        // Long names may stand in another order among equals, but always in the same one.
        expect(page.map((one) => one.key)).to.deep.equal(found.slice(0, wanted.limit).map((one) => one.key));
        if (all.every(({ uuid }) => uuid.length <= 4)) expect(page).to.deep.equal(found.slice(0, wanted.limit));
      }),
    );
  });

  it('gives each that matches once, in order, over all pages', () => {
    fc.assert(
      fc.property(candidates, choice, (all, wanted) => {
        const pages = pagesOf(all, wanted);
        const one = select(all, { ...wanted, limit: 100, cursor: undefined }).page;
        expect(pages.flat()).to.deep.equal(one);
        expect(new Set(pages.flat()).size).to.equal(model(all, wanted).length);
        for (const page of pages.slice(0, -1)) expect(page.length).to.equal(wanted.limit);
      }),
    );
  });

  it('turns the whole order round, equal ones too', () => {
    fc.assert(
      fc.property(candidates, choice, (all, wanted) => {
        const ordered = (descending: boolean) => pagesOf(all, { ...wanted, descending }).flat();
        expect(ordered(true)).to.deep.equal(ordered(false).reverse());
      }),
    );
  });

  it('makes no cursor longer than a query may hold, however long a name is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 100, maxLength: 3_000 }), fc.string(), (uuid, other) => {
        const names = [...new Set([uuid, `${uuid}a`, `${uuid}b`, other])];
        const all = names.map((one) => ({ uuid: one, ip: one, state: 'a', key: addressKey(one) }));
        const { next = '' } = select(all, { ...EVERY, limit: 1 });
        expect(next.length).to.be.within(1, 1_000);
        expect(pagesOf(all, { ...EVERY, limit: 1 }).length).to.equal(all.length);
      }),
    );
  });

  it('reads no cursor but its own, and survives those that look like it', () => {
    const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const hostile = [null, 1, 'x', [], [1], [1, 2], ['a', 'b', 'c'], { key: 1, uuid: 'x' }, [null, 'x'], [{}, 'x']];
    for (const one of hostile) expect(readCursor(coded(one)), JSON.stringify(one)).to.equal(undefined);
    for (const one of ['', '!', 'null', '[1,"x"]', '%00', coded([1, 'x']).slice(0, -2)]) {
      expect(readCursor(one), one).to.equal(undefined);
    }
    expect(readCursor(coded([1, 'x']))).to.deep.equal({ key: 1, name: 'x' });
    fc.assert(
      fc.property(candidates, fc.oneof(key, fc.string()), fc.string(), (all, at, uuid) => {
        const cursor = readCursor(coded([at, uuid]));
        const { page } = select(all, { ...EVERY, cursor });
        expect(new Set(page).size).to.equal(page.length);
      }),
    );
  });

  it('sorts IPv4 addresses by their numbers, before all others', () => {
    const sorted = ['1.2.3.4', '2.0.0.0', '10.0.0.1', '10.0.0.10', '192.0.2.1', '::1', '2001:db8::1', null];
    const shuffled = [...sorted].reverse().sort((a, b) => (addressKey(a) < addressKey(b) ? -1 : 1));
    expect(shuffled.slice(0, 5)).to.deep.equal(sorted.slice(0, 5));
    expect(shuffled.at(-1)).to.equal(null);
  });
});
