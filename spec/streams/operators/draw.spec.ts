import { expect } from 'chai';
import { EMPTY, NEVER, of, throwError, type Observable } from 'rxjs';
import { draw, drawBatches, type Items } from '#src/streams/operators/draw.js';
import { pull } from '#src/streams/operators/pull.js';
import { follow, type Followed } from '../../support/follow.js';
import { unhandledDuring } from '../../support/rejections.js';
import { settled } from '../../support/timers.js';

describe('draw', () => {
  /** An iterable that is answered by hand: the n-th `next()` once the spec says so. */
  class ByHand {
    asked = 0;
    returned = 0;
    signal: AbortSignal | undefined;
    closing = (): Promise<IteratorResult<string>> => Promise.resolve({ done: true, value: undefined });
    readonly #answers: { resolve: (result: IteratorResult<string>) => void; reject: (error: Error) => void }[] = [];

    readonly items: Items<string> = (signal) => {
      this.signal = signal;
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => {
            this.asked += 1;
            return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
          },
          return: () => {
            this.returned += 1;
            return this.closing();
          },
        }),
      };
    };

    async give(value: string): Promise<void> {
      this.#answers.shift()?.resolve({ done: false, value });
      await settled();
    }

    async end(): Promise<void> {
      this.#answers.shift()?.resolve({ done: true, value: undefined });
      await settled();
    }

    async fail(message: string): Promise<void> {
      this.#answers.shift()?.reject(new Error(message));
      await settled();
    }
  }

  /** The stream of one item a subscription, out in the open for as long as the spec goes on. */
  function opened<T>(items: Items<T>): { next: () => Followed<T>; close: () => void } {
    let next$: Observable<T> = EMPTY;
    const { leave } = follow(
      draw(items, (given$) => {
        next$ = given$;
        return NEVER;
      }),
    );
    return { next: () => follow(next$), close: leave };
  }

  const upTo = (count: number, log: { taken: number } = { taken: 0 }): Items<number> =>
    async function* numbers() {
      for (let n = 0; n < count; n += 1) {
        log.taken += 1;
        yield await Promise.resolve(n);
      }
    };

  it('gives each subscription one item, in the order of both', async () => {
    const source = new ByHand();
    const { next } = opened(source.items);
    const [first, second] = [next(), next()];
    await source.give('a');
    expect(first).to.deep.include({ seen: ['a'], end: 'complete' });
    expect(second).to.deep.include({ seen: [], end: undefined });
    await source.give('b');
    expect(second).to.deep.include({ seen: ['b'], end: 'complete' });
  });

  it('asks for nothing before somebody waits for it, and one thing at a time however many wait', async () => {
    const source = new ByHand();
    const { next } = opened(source.items);
    await settled();
    expect(source.asked).to.equal(0);
    next();
    next();
    await settled();
    expect(source.asked).to.equal(1);
    await source.give('a');
    expect(source.asked).to.equal(2);
    await source.give('b');
    expect(source.asked).to.equal(2);
  });

  it('an item whose subscription has left goes to the next one', async () => {
    const source = new ByHand();
    const { next } = opened(source.items);
    const [first, second] = [next(), next()];
    first.leave();
    await source.give('a');
    expect([first.seen, second.seen]).to.deep.equal([[], ['a']]);
  });

  it('keeps it where nobody is there to take it, and asks for no other meanwhile', async () => {
    const source = new ByHand();
    const { next } = opened(source.items);
    next().leave();
    await source.give('a');
    expect(source.asked).to.equal(1);
    expect(next().seen).to.deep.equal(['a']);
  });

  it('completes every subscription once there is nothing left, those that wait and those that come', async () => {
    const source = new ByHand();
    const { next } = opened(source.items);
    const waiting = [next(), next()];
    await source.end();
    expect([...waiting, next()].map(({ seen, end }) => [seen, end])).to.deep.equal([
      [[], 'complete'],
      [[], 'complete'],
      [[], 'complete'],
    ]);
    expect(source.asked).to.equal(1);
  });

  it('hands on what the iterable throws, and has nothing left then', async () => {
    const source = new ByHand();
    const { next } = opened(source.items);
    const [first, second] = [next(), next()];
    await source.fail('broken');
    expect(first).to.have.nested.property('end.error.message', 'broken');
    expect(second.end).to.equal('complete');
    expect(next().end).to.equal('complete');
  });

  it('waits for an item that does not come, and lets go of it at once', async () => {
    const source = new ByHand();
    const { next, close } = opened(source.items);
    const waiting = next();
    await settled();
    expect(waiting).to.deep.include({ seen: [], end: undefined });
    expect([source.signal?.aborted, source.returned]).to.deep.equal([false, 0]);
    close();
    expect([source.signal?.aborted, source.returned]).to.deep.equal([true, 1]);
  });

  it('aborts the signal and closes the iterable where the use of it ends, one way or the other', () => {
    for (const use$ of [EMPTY, throwError(() => new Error('used badly'))]) {
      const source = new ByHand();
      expect(follow(draw(source.items, () => use$)).end).not.to.equal(undefined);
      expect([source.signal?.aborted, source.returned]).to.deep.equal([true, 1]);
    }
  });

  it('runs the finally of a generator', async () => {
    let closed = 0;
    async function* items(): AsyncGenerator<number> {
      try {
        yield await Promise.resolve(1);
        yield await Promise.resolve(2);
      } finally {
        closed += 1;
      }
    }
    const { next, close } = opened(items);
    next();
    await settled();
    expect(closed).to.equal(0);
    close();
    await settled();
    expect(closed).to.equal(1);
  });

  it('a failure to close the iterable concerns nobody', async () => {
    const source = new ByHand();
    source.closing = () => Promise.reject(new Error('could not close'));
    const unhandled = await unhandledDuring(async () => {
      const { next, close } = opened(source.items);
      next();
      close();
      await settled();
    });
    expect(source.returned).to.equal(1);
    expect(unhandled).to.deep.equal([]);
  });

  it('makes an iterable of its own for each subscriber', async () => {
    const result$ = draw(upTo(2), (next$) => pull(next$, (n) => of(n), 1));
    const [one, other] = [follow(result$), follow(result$)];
    await settled();
    expect([one.seen, other.seen]).to.deep.equal([
      [0, 1],
      [0, 1],
    ]);
  });

  it('hands on what the making of the iterable throws', () => {
    const bad: Items<number> = () => {
      throw new Error('no items');
    };
    expect(follow(draw(bad, (next$) => next$))).to.have.nested.property('end.error.message', 'no items');
  });

  it('takes no more than the workers work on', async () => {
    const log = { taken: 0 };
    const { leave } = follow(draw(upTo(100, log), (next$) => pull(next$, () => NEVER, 4)));
    await settled();
    expect(log.taken).to.equal(4);
    leave();
  });

  it('goes through ten thousand items that are done at once without overflowing the stack', async () => {
    const followed = follow(draw(upTo(10_000), (next$) => pull(next$, (n) => of(n), 8)));
    while (followed.end === undefined) await settled();
    expect(followed.end).to.equal('complete');
    expect(new Set(followed.seen).size).to.equal(10_000);
  });
});

describe('drawBatches', () => {
  const draining = <T>(batches: Items<Iterable<T>>): Observable<T> =>
    drawBatches(batches, (next$) => pull(next$, (item) => of(item), 2));

  it('gives the items of each batch one by one, and passes over empty ones', async () => {
    async function* batches() {
      yield await Promise.resolve(['a', 'b']);
      yield [];
      yield ['c'];
    }
    const result = follow(draining(batches));
    await settled();
    expect(result).to.deep.include({ seen: ['a', 'b', 'c'], end: 'complete' });
  });

  it('decides about an item when it is taken, and asks for the next batch when one is used up', async () => {
    const log: string[] = [];
    function* batch(name: string): Generator<string> {
      for (const n of [1, 2]) {
        log.push(`${name}${String(n)}`);
        yield name + String(n);
      }
    }
    async function* batches() {
      yield await Promise.resolve(batch('a'));
      log.push('next');
      yield batch('b');
    }
    let next$: Observable<string> = EMPTY;
    const { leave } = follow(
      drawBatches(batches, (given$) => {
        next$ = given$;
        return NEVER;
      }),
    );
    follow(next$);
    await settled();
    expect(log).to.deep.equal(['a1']);
    follow(next$);
    expect(log, 'without a promise').to.deep.equal(['a1', 'a2']);
    expect(follow(next$).seen).to.deep.equal([]);
    await settled();
    expect(log).to.deep.equal(['a1', 'a2', 'next', 'b1']);
    leave();
  });

  it('hands on what a batch throws, and has nothing left then', async () => {
    function* batch(): Generator<string> {
      yield 'a';
      throw new Error('broken');
    }
    async function* batches() {
      yield await Promise.resolve(batch());
    }
    const result = follow(draining(batches));
    await settled();
    expect(result.seen).to.deep.equal(['a']);
    expect(result).to.have.nested.property('end.error.message', 'broken');
  });

  it('carries a batch of any length without a stack that grows', async () => {
    const many = Array.from({ length: 100_000 }, (_, i) => i);
    async function* batches() {
      yield await Promise.resolve(many);
    }
    const result = follow(draining(batches));
    await settled();
    expect(result.seen).to.have.length(many.length);
    expect(result.end).to.equal('complete');
  });
});
