import { expect } from 'chai';
import { defer, EMPTY, lastValueFrom, map, of, take, timer, toArray } from 'rxjs';
import { drawing, pull } from '#src/streams/operators/pull.js';
import { marbles } from '../../support/marbles.js';

describe('pull', () => {
  const queue = (items: readonly string[]) => {
    const left = [...items];
    return defer(() => {
      const item = left.shift();
      return item === undefined ? EMPTY : timer(0).pipe(map(() => item));
    });
  };

  marbles(
    'works on as many items as there are lanes, and asks for the next when one is done',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const a$ = cold('  ---a|');
      const b$ = cold('  -b|');
      const c$ = cold('  --c|');
      const aSubs = '    ^---!';
      const bSubs = '    ^-!';
      const cSubs = '    --^--!';
      const expected = ' -b-ac|';
      const work = { a: a$, b: b$, c: c$ };

      expectObservable(pull(queue(['a', 'b', 'c']), (item) => work[item as 'a' | 'b' | 'c'], 2)).toBe(expected);
      expectSubscriptions(a$.subscriptions).toBe(aSubs);
      expectSubscriptions(b$.subscriptions).toBe(bSubs);
      expectSubscriptions(c$.subscriptions).toBe(cSubs);
    },
  );

  marbles('completes at once where there is nothing to do', ({ expectObservable }) => {
    expectObservable(pull(queue([]), () => of('never'), 3)).toBe('|');
  });

  marbles('a never-answering item holds its own lane only', ({ cold, expectObservable, expectSubscriptions }) => {
    const stuck$ = cold('-');
    const quick$ = cold('-q|');
    const stuckSubs = '  ^----!';
    const expected = '   -q-q--';

    const result$ = pull(queue(['s', 'q', 'q']), (item) => (item === 's' ? stuck$ : quick$), 2);

    expectObservable(result$, '^----!').toBe(expected);
    expectSubscriptions(stuck$.subscriptions).toBe(stuckSubs);
  });

  marbles('an error of one item ends all lanes', ({ cold, expectObservable, expectSubscriptions }) => {
    const bad$ = cold(' --#');
    const other$ = cold('-----o|');
    const otherSubs = ' ^-!';

    const result$ = pull(queue(['b', 'o']), (item) => (item === 'b' ? bad$ : other$), 2);

    expectObservable(result$).toBe('--#');
    expectSubscriptions(other$.subscriptions).toBe(otherSubs);
  });
});

describe('drawing', () => {
  async function* numbers(taken: number[], closed: () => void): AsyncGenerator<number> {
    try {
      for (let n = 0; n < 10_000; n += 1) {
        taken.push(n);
        yield await Promise.resolve(n);
      }
    } finally {
      closed();
    }
  }

  it('takes no more than the lanes work on, and closes the iterable on unsubscribe', async () => {
    const taken: number[] = [];
    let closed = false;
    const closing = new Promise<void>((resolve) => {
      const items = numbers(taken, () => {
        closed = true;
        resolve();
      });
      const result$ = drawing(items, (next$) => pull(next$, (n) => of(n), 4)).pipe(take(5), toArray());
      lastValueFrom(result$, { defaultValue: [] }).then(
        (seen) => {
          expect(seen).to.have.length(5);
        },
        () => undefined,
      );
    });
    await closing;
    expect(closed).to.equal(true);
    expect(taken.length).to.be.at.most(5 + 4 + 1);
  });

  it('goes through ten thousand items that are done at once without overflowing the stack', async () => {
    const result$ = drawing(
      numbers([], () => undefined),
      (next$) => pull(next$, (n) => of(n), 8),
    ).pipe(toArray());
    expect(await lastValueFrom(result$, { defaultValue: [] })).to.have.length(10_000);
  });

  it('hands on what the iterable throws', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      throw new Error('broken');
    }
    const result$ = drawing(broken(), (next$) => pull(next$, (n) => of(n), 2)).pipe(toArray());
    const failure: unknown = await lastValueFrom(result$, { defaultValue: [] }).catch((error: unknown) => error);
    expect(failure).to.be.an('error').with.property('message', 'broken');
  });
});
