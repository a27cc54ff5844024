import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { abortable } from '#src/streams/operators/abortable.js';

describe('abortable', () => {
  it('does nothing before somebody subscribes, and hands on the value', async () => {
    let runs = 0;
    const value$ = abortable(() => Promise.resolve((runs += 1)));
    expect(runs).to.equal(0);
    expect(await lastValueFrom(value$, { defaultValue: 0 })).to.equal(1);
  });

  it('hands on a rejection, and a throw before there is a promise', async () => {
    const reject$ = abortable(() => Promise.reject(new Error('no')));
    const throw$ = abortable((): Promise<never> => {
      throw new Error('not even a promise');
    });
    const failure = (value$: typeof throw$) =>
      lastValueFrom(value$, { defaultValue: undefined }).catch((error: unknown) => (error as Error).message);
    expect(await failure(reject$)).to.equal('no');
    expect(await failure(throw$)).to.equal('not even a promise');
  });

  it('aborts when unsubscribed, and only then', async () => {
    const signals: AbortSignal[] = [];
    const pending$ = abortable((signal) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    });
    pending$.subscribe().unsubscribe();
    await lastValueFrom(
      abortable((signal) => {
        signals.push(signal);
        return Promise.resolve();
      }),
      { defaultValue: undefined },
    );
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, false]);
  });
});
