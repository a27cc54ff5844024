import { expect } from 'chai';
import { lastValueFrom, of, take, toArray, type Subscription } from 'rxjs';
import { draw, type Items } from '#src/streams/operators/draw.js';
import { pull } from '#src/streams/operators/pull.js';

describe('draw', () => {
  const numbers = (
    log: { taken?: number[]; closed?: () => void; signal?: (signal: AbortSignal) => void } = {},
  ): Items<number> =>
    async function* items(signal) {
      log.signal?.(signal);
      try {
        for (let n = 0; n < 10_000; n += 1) {
          log.taken?.push(n);
          yield await Promise.resolve(n);
        }
      } finally {
        log.closed?.();
      }
    };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('takes no more than the workers work on; the end aborts the signal and closes the iterable', async () => {
    const taken: number[] = [];
    let signal: AbortSignal | undefined;
    await new Promise<void>((closed) => {
      const items = numbers({ taken, closed, signal: (given) => (signal = given) });
      const result$ = draw(items, (next$) => pull(next$, (n) => of(n), 4)).pipe(take(5), toArray());
      void lastValueFrom(result$, { defaultValue: [] });
    });
    expect(signal?.aborted).to.equal(true);
    expect(taken.length).to.be.at.most(5 + 1);
  });

  it('goes through ten thousand items that are done at once without overflowing the stack', async () => {
    const result$ = draw(numbers(), (next$) => pull(next$, (n) => of(n), 8)).pipe(toArray());
    const seen = await lastValueFrom(result$, { defaultValue: [] });
    expect(new Set(seen).size).to.equal(10_000);
  });

  it('has one next() under way at a time, and keeps its item for the next subscription where one has left', async () => {
    let yieldFirst = (): void => undefined;
    const firstYielded = new Promise<void>((resolve) => (yieldFirst = resolve));
    let asked = 0;
    const items: Items<string> = () => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const n = asked;
          asked += 1;
          await (n === 0 ? firstYielded : new Promise(() => undefined));
          return { done: false, value: `item ${String(n)}` };
        },
      }),
    });
    const seen: string[] = [];
    const fail = (error: unknown) => expect.fail(String(error));
    let subscription: Subscription | undefined;
    draw(items, (next$) => {
      const error = fail;
      const first = next$.subscribe({ next: (item) => seen.push(`first ${item}`), error });
      subscription = next$.subscribe({ next: (item) => seen.push(`second ${item}`), error });
      first.unsubscribe();
      expect(asked).to.equal(1);
      return of(0);
    }).subscribe({ error: fail });
    yieldFirst();
    await settled();
    expect(seen).to.deep.equal(['second item 0']);
    subscription?.unsubscribe();
  });

  it('hands on what the iterable throws', async () => {
    async function* broken(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      throw new Error('broken');
    }
    const result$ = draw(broken, (next$) => pull(next$, (n) => of(n), 2)).pipe(toArray());
    const failure: unknown = await lastValueFrom(result$, { defaultValue: [] }).catch((error: unknown) => error);
    expect(failure).to.be.an('error').with.property('message', 'broken');
  });

  it('completes every subscription once there is nothing left', async () => {
    async function* two(): AsyncGenerator<number> {
      yield await Promise.resolve(1);
      yield await Promise.resolve(2);
    }
    const result$ = draw(two, (next$) => pull(next$, (n) => of(n), 5)).pipe(toArray());
    expect(await lastValueFrom(result$, { defaultValue: [] })).to.deep.equal([1, 2]);
  });
});
