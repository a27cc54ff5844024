import { defer, EMPTY, map, of, timer } from 'rxjs';
import { pull } from '#src/streams/operators/pull.js';
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
