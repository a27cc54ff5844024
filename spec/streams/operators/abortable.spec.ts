import { expect } from 'chai';
import { take, type Observable } from 'rxjs';
import type { CallSignal } from '#src/domain/call/http.js';
import { abortable } from '#src/streams/operators/abortable.js';
import { cancellable } from '#src/streams/operators/cancellable.js';
import { follow } from '../../support/follow.js';
import { unhandledDuring } from '../../support/rejections.js';
import { settled } from '../../support/timers.js';

type Entrance = <T>(run: (signal: CallSignal) => Promise<T>) => Observable<T>;

/** The two ways in which a promise enters a stream: with Node's own signal, and with one that costs less. */
const ENTRANCES: Readonly<Record<string, Entrance>> = { abortable, cancellable };

for (const [name, enter] of Object.entries(ENTRANCES))
  describe(name, () => {
    /** A promise for each subscription, with what was handed to it, and the means to settle it. */
    function calls() {
      const signals: CallSignal[] = [];
      const resolves: ((value: string) => void)[] = [];
      const rejects: ((error: Error) => void)[] = [];
      const value$ = enter(
        (signal) =>
          new Promise<string>((resolve, reject) => {
            signals.push(signal);
            resolves.push(resolve);
            rejects.push(reject);
          }),
      );
      return { value$, signals, resolves, rejects, aborted: () => signals.map(({ aborted }) => aborted) };
    }

    it('does nothing before somebody subscribes; then hands on the value, and ends', async () => {
      const { value$, signals, resolves } = calls();
      expect(signals).to.have.length(0);
      const followed = follow(value$);
      resolves[0]?.('a');
      await settled();
      expect(followed).to.deep.include({ seen: ['a'], end: 'complete' });
    });

    it('makes a call of its own for each subscription', async () => {
      const { value$, signals, resolves } = calls();
      const [one, other] = [follow(value$), follow(value$)];
      resolves[1]?.('b');
      one.leave();
      await settled();
      expect([one.seen, other.seen]).to.deep.equal([[], ['b']]);
      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, false]);
    });

    it('hands on a rejection, and a throw before there is a promise', async () => {
      const { value$, rejects } = calls();
      const rejected = follow(value$);
      const thrown = follow(
        enter((): Promise<never> => {
          throw new Error('not even a promise');
        }),
      );
      rejects[0]?.(new Error('no'));
      await settled();
      expect(rejected).to.have.nested.property('end.error.message', 'no');
      expect(thrown).to.have.nested.property('end.error.message', 'not even a promise');
    });

    it('waits for as long as there is no answer', async () => {
      const { value$, aborted } = calls();
      const followed = follow(value$);
      await settled();
      expect(followed).to.deep.include({ seen: [], end: undefined });
      expect(aborted()).to.deep.equal([false]);
    });

    it('aborts when nobody waits any more, and what comes then is told to nobody', async () => {
      const { value$, aborted, resolves } = calls();
      const followed = follow(value$);
      followed.leave();
      expect(aborted()).to.deep.equal([true]);
      resolves[0]?.('late');
      await settled();
      expect(followed).to.deep.include({ seen: [], end: undefined });
    });

    it('a rejection that the abort itself brings about harms nobody', async () => {
      const value$ = enter(
        (signal) =>
          new Promise<never>((_, reject) => {
            signal.addEventListener('abort', () => {
              reject(new Error('aborted'));
            });
          }),
      );
      const unhandled = await unhandledDuring(async () => {
        follow(value$).leave();
        await settled();
      });
      expect(unhandled).to.deep.equal([]);
    });

    it('does not abort what has settled', async () => {
      const { value$, aborted, resolves, rejects } = calls();
      follow(value$.pipe(take(1)));
      const failing = follow(value$);
      resolves[0]?.('a');
      rejects[1]?.(new Error('no'));
      await settled();
      failing.leave();
      expect(aborted()).to.deep.equal([false, false]);
    });

    it('tells nobody who does not listen any more', () => {
      let told = 0;
      const followed = follow(
        enter(
          (signal) =>
            new Promise<never>(() => {
              const listener = (): void => {
                told += 1;
              };
              signal.addEventListener('abort', listener);
              signal.removeEventListener('abort', listener);
            }),
        ),
      );
      followed.leave();
      expect(told).to.equal(0);
    });
  });
