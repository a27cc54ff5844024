import { expect } from 'chai';
import type { RedisClient } from '#src/clients/redis.js';
import { EventFeed, type FeedEntry } from '#src/status/feed.js';
import { keys } from '../support/registry.js';
import { advance, freeze, settled } from '../support/timers.js';

const SECOND = 1_000;

/** A stream to which others write as well, and which may be away. */
class Stream {
  readonly entries: [string, string[]][] = [];
  reads = 0;
  away = false;

  add(n: number): string {
    const id = `${String(n)}-0`;
    this.entries.push([id, ['type', 't', 'at', String(n), 'data', '{}']]);
    return id;
  }

  xrange(_key: string, from: string): Promise<unknown> {
    return this.#read((n) => n >= Number(from.split('-')[0]) + (from.endsWith('-0') ? 0 : 1));
  }

  xrevrange(): Promise<unknown> {
    return this.#read(() => true).then((found) => found.reverse());
  }

  #read(wanted: (n: number) => boolean): Promise<[string, string[]][]> {
    this.reads += 1;
    if (this.away) return Promise.reject(new Error('away'));
    return Promise.resolve(this.entries.filter(([id]) => wanted(Number(id.split('-')[0]))));
  }
}

describe('the feed of events', () => {
  let stream: Stream;
  let feed: EventFeed;
  let clock: ReturnType<typeof freeze>;

  /** What a reader gets, by the times of the entries. */
  const following = () => {
    const got: number[] = [];
    const leave = feed.follow(({ at }: FeedEntry) => got.push(at));
    return { got, leave };
  };
  const own = (at: number, id?: string): void => {
    feed.onEntry({ type: 't', at, data: '{}' }, id);
  };

  beforeEach(() => {
    clock = freeze();
    stream = new Stream();
    feed = new EventFeed(stream as unknown as RedisClient, keys, () => Date.now());
  });
  afterEach(() => {
    clock.release();
  });

  it('asks for what others write once a second, however many read, and not at all while nobody does', async () => {
    await advance(10 * SECOND);
    expect(stream.reads).to.equal(0);
    const readers = [following(), following()];
    await settled();
    const before = stream.reads;
    await advance(10 * SECOND);
    expect(stream.reads - before).to.equal(10);
    for (const { leave } of readers) leave();
    const last = stream.reads;
    await advance(10 * SECOND);
    expect(stream.reads).to.equal(last);
  });

  it('passes on what was written since somebody reads, by others and by itself, in the order of the stream', async () => {
    stream.add(1);
    const { got } = following();
    await settled();
    stream.add(2);
    own(3, stream.add(3));
    await settled();
    expect(got).to.deep.equal([2, 3]);
    stream.add(4);
    await advance(SECOND);
    expect(got).to.deep.equal([2, 3, 4]);
  });

  it('passes on nothing from the time when nobody read', async () => {
    following().leave();
    stream.add(1);
    await settled();
    const { got } = following();
    await settled();
    stream.add(2);
    await advance(SECOND);
    expect(got).to.deep.equal([2]);
  });

  it('tells what could not be written at once, and not again when it is', async () => {
    const { got } = following();
    await settled();
    stream.away = true;
    own(1);
    expect(got).to.deep.equal([1]);
    stream.away = false;
    stream.add(1);
    // A command that was given up may have been carried out as well.
    stream.add(1);
    stream.add(2);
    await advance(SECOND);
    expect(got).to.deep.equal([1, 2]);
  });

  it('goes on once Redis is back where it was away when the reader came', async () => {
    stream.away = true;
    const { got } = following();
    await advance(5 * SECOND);
    stream.away = false;
    const now = Date.now();
    stream.add(now);
    await advance(SECOND);
    expect(got).to.deep.equal([now]);
  });
});
