import { defer, EMPTY, map, of, startWith, take, timer } from 'rxjs';
import { pull } from '#src/streams/operators/pull.js';
import { marbles } from '../../support/marbles.js';

describe('pull', () => {
  /** One item a subscription, without any time passing. */
  const queue = (items: string) => {
    const left = items.split('');
    return defer(() => {
      const item = left.shift();
      return item === undefined ? EMPTY : timer(0).pipe(map(() => item));
    });
  };

  marbles(
    'works on as many items as there are workers, and asks for the next when one is done',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const a$ = cold(' ---a|');
      const b$ = cold(' -b|');
      const c$ = cold('   --c|');
      const aSubs = '   ^---!';
      const bSubs = '   ^-!';
      const cSubs = '   --^--!';
      const expected = '-b-ac|';

      const work: Record<string, typeof a$> = { a: a$, b: b$, c: c$ };

      expectObservable(pull(queue('abc'), (item) => work[item] ?? EMPTY, 2)).toBe(expected);
      expectSubscriptions(a$.subscriptions).toBe(aSubs);
      expectSubscriptions(b$.subscriptions).toBe(bSubs);
      expectSubscriptions(c$.subscriptions).toBe(cSubs);
    },
  );

  marbles(
    'asks for nothing that no worker is free for: however much there is, nothing is buffered',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const item$ = cold('(i|)');
      const work$ = cold('---w|');
      const itemSubs = [' (^!)', '(^!)', '(^!)', '----(^!)', '----(^!)', '----(^!)'];
      const unsub = '     ^------!';
      const expected = '  ---(www)';

      expectObservable(
        pull(item$, () => work$, 3),
        unsub,
      ).toBe(expected);
      expectSubscriptions(item$.subscriptions).toBe(itemSubs);
    },
  );

  marbles('one worker does one thing after the other', ({ cold, expectObservable, expectSubscriptions }) => {
    const work$ = cold('-w|');
    const workSubs = [' ^-!', '--^-!', '----^-!'];
    const expected = '  -w-w-w|';

    expectObservable(pull(queue('aaa'), () => work$, 1)).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles(
    'completes at once where there is nothing to do, which one worker alone finds out',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const none$ = cold('|');
      const noneSubs = '(^!)';
      const expected = '  |';

      expectObservable(pull(none$, () => of('never'), 3)).toBe(expected);
      expectSubscriptions(none$.subscriptions).toBe(noneSubs);
    },
  );

  marbles('goes on after work that comes to nothing', ({ cold, expectObservable, expectSubscriptions }) => {
    const nothing$ = cold('--|');
    const work$ = cold('   -w|');
    const workSubs = '     --^-!';
    const expected = '     ---w|';

    expectObservable(pull(queue('nw'), (item) => (item === 'n' ? nothing$ : work$), 1)).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles('a worker that waits for an item keeps no other from its work', ({ cold, hot, expectObservable }) => {
    const late$ = hot(' -----l|');
    const work$ = cold('-w|');
    const expected = '  -w-w--w|';

    const items = [queue('a'), late$, queue('b')];
    const next$ = defer(() => items.shift() ?? EMPTY);

    expectObservable(pull(next$, () => work$, 2)).toBe(expected);
  });

  marbles('a never-answering item holds its own worker only', ({ cold, expectObservable, expectSubscriptions }) => {
    const stuck$ = cold('-');
    const quick$ = cold('-q|');
    const quickSubs = [' ^-!', '--^-!'];
    const unsub = '      ^----!';
    const expected = '   -q-q--';

    const result$ = pull(queue('sqq'), (item) => (item === 's' ? stuck$ : quick$), 2);

    expectObservable(result$, unsub).toBe(expected);
    expectSubscriptions(stuck$.subscriptions).toBe(unsub);
    expectSubscriptions(quick$.subscriptions).toBe(quickSubs);
  });

  marbles(
    'an error of one item ends all workers, and so does one of the items',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const bad$ = cold('    --#');
      const other$ = cold('  -----o|');
      const otherSubs = '    ^-!';
      const badItem$ = cold('--#');

      expectObservable(pull(queue('bo'), (item) => (item === 'b' ? bad$ : other$), 2)).toBe('--#');
      expectSubscriptions(other$.subscriptions).toBe(otherSubs);
      expectObservable(pull(badItem$, () => other$, 1)).toBe('--#');
    },
  );

  marbles(
    'an unsubscription lets go of the work and of the waiting for an item',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const work$ = cold('  ---w');
      const silent$ = cold('----');
      const unsub = '       ^-!';
      const expected = '    ---';

      const items = [queue('a'), silent$];
      const next$ = defer(() => items.shift() ?? EMPTY);

      expectObservable(
        pull(next$, () => work$, 2),
        unsub,
      ).toBe(expected);
      expectSubscriptions(work$.subscriptions).toBe(unsub);
      expectSubscriptions(silent$.subscriptions).toBe(unsub);
    },
  );

  marbles(
    'asks for no item once it is stopped: those that wait leave, and the work under way goes on',
    ({ cold, hot, expectObservable, expectSubscriptions }) => {
      const stop$ = hot('  ---s');
      const work$ = cold(' -----w|');
      const silent$ = cold('-------');
      const stopSubs = '   ^-----!';
      const workSubs = '   ^-----!';
      const silentSubs = ' ^--!';
      const expected = '   -----w|';

      const items = [queue('a'), silent$];
      const next$ = defer(() => items.shift() ?? queue('never'));

      expectObservable(pull(next$, () => work$, 2, stop$)).toBe(expected);
      expectSubscriptions(stop$.subscriptions).toBe(stopSubs);
      expectSubscriptions(work$.subscriptions).toBe(workSubs);
      expectSubscriptions(silent$.subscriptions).toBe(silentSubs);
    },
  );

  marbles(
    'asks for nothing where it is stopped already, and goes on where the stop never comes',
    ({ cold, expectObservable, expectSubscriptions }) => {
      const item$ = cold('  (i|)');
      const stopped$ = of('s');
      const never$ = cold(' |');
      const expected = '    -w|';

      expectObservable(pull(item$, () => cold('-w|'), 1, stopped$)).toBe('|');
      expectSubscriptions(item$.subscriptions).toBe([]);
      expectObservable(pull(queue('a'), () => cold('-w|'), 1, never$)).toBe(expected);
    },
  );

  marbles('an error of the stop ends all of it', ({ cold, hot, expectObservable, expectSubscriptions }) => {
    const stop$ = hot(' --#');
    const work$ = cold('----w|');
    const workSubs = '  ^-!';
    const expected = '  --#';

    expectObservable(pull(queue('a'), () => work$, 1, stop$)).toBe(expected);
    expectSubscriptions(work$.subscriptions).toBe(workSubs);
  });

  marbles('leaves work whose receiver leaves at its first value', ({ cold, expectObservable, expectSubscriptions }) => {
    const later$ = cold('---w');
    const laterSubs: string[] = ['(^!)'];
    const expected = ' (v|)';

    const work = () => later$.pipe(startWith('v'));

    expectObservable(pull(of('a'), work, 1).pipe(take(1))).toBe(expected);
    expectSubscriptions(later$.subscriptions).toBe(laterSubs);
  });
});
