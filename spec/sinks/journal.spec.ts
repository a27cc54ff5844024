import { expect } from 'chai';
import type { RedisClient } from '#src/clients/redis.js';
import type { SchedulerEvent } from '#src/events.js';
import { Journal } from '#src/sinks/journal.js';
import { keys } from '../support/registry.js';

const T = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const WHAT = 'writing the events';

/** The stream in memory. Ids count the entries. */
class MemoryStream {
  readonly types: string[] = [];
  readonly data: string[] = [];
  /** What each entry is refused with, until it is undefined. */
  failure: Error | undefined;
  asked = 0;
  /** The most entries that were on their way at once. */
  most = 0;
  #underWay = 0;

  readonly client = {
    xadd: async (...args: readonly (string | number)[]): Promise<string> => {
      this.asked += 1;
      this.#underWay += 1;
      this.most = Math.max(this.most, this.#underWay);
      await Promise.resolve();
      this.#underWay -= 1;
      if (this.failure !== undefined) throw this.failure;
      this.types.push(String(args[args.indexOf('type') + 1]));
      this.data.push(String(args.at(-1)));
      return `${String(this.types.length)}-0`;
    },
  } as unknown as RedisClient;
}

describe('the journal, on a stream in memory', () => {
  let stream: MemoryStream;
  let now: number;
  let read: (readonly [string, string | undefined])[];
  let journal: Journal;

  beforeEach(() => {
    stream = new MemoryStream();
    now = T;
    read = [];
    const listener = { onEntry: ({ data }: { data: string }, id: string | undefined) => read.push([data, id]) };
    journal = new Journal(
      stream.client,
      keys,
      () => now,
      (error) => (error as Error).message,
      listener,
    );
  });

  const gap = (gapMs: number): void => {
    journal.accept({ kind: 'clock.gap', at: now, gapMs });
  };
  const gaps = (count: number): void => {
    for (let i = 1; i <= count; i += 1) gap(i);
  };
  const peers = (count: number, at = now): void => {
    for (let i = 0; i < count; i += 1) journal.accept({ kind: 'announcement.dropped', at, uuid: 'p' });
  };
  const told = (gapMs: number, id?: string) => [`{"gapMs":${String(gapMs)}}`, id] as const;
  const failed: SchedulerEvent = { kind: 'redis.failed', at: T, what: WHAT, reason: 'OOM' };
  const refuse = (): void => {
    stream.failure = new Error('OOM');
  };
  /** How many events about single peers were written, after all that waits was. */
  const written = async (): Promise<number> => {
    await journal.flush();
    return stream.types.filter((type) => type === 'announcement.dropped').length;
  };

  it('waits to be flushed while it has an entry, and at no other time', async () => {
    expect(journal.hasUnwritten).to.equal(false);
    gap(1);
    expect(journal.hasUnwritten).to.equal(true);
    await journal.flush();
    expect(journal.hasUnwritten).to.equal(false);
    refuse();
    gap(2);
    await journal.flush();
    expect(journal.hasUnwritten, 'after a failure').to.equal(true);
  });

  it('writes a hundred entries at once, in order, and each of them once', async () => {
    gaps(250);
    expect(await journal.flush()).to.deep.equal([]);
    expect(stream.most).to.equal(100);
    expect(stream.data).to.deep.equal(Array.from({ length: 250 }, (_, i) => told(i + 1)[0]));
  });

  it('tries one entry alone after a failure, and says once that it works again', async () => {
    gaps(3);
    refuse();
    expect(await journal.flush()).to.deep.equal([failed]);
    stream.asked = 0;
    expect(await journal.flush()).to.deep.equal([failed]);
    expect(stream.asked).to.equal(1);
    stream.failure = undefined;
    expect(await journal.flush()).to.deep.equal([{ kind: 'redis.worked', at: T, what: WHAT }]);
    expect(stream.types).to.have.length(3);
    gap(4);
    expect(await journal.flush()).to.deep.equal([]);
  });

  it('keeps the newest thousand while Redis is away', async () => {
    refuse();
    gaps(1_500);
    await journal.flush();
    stream.failure = undefined;
    await journal.flush();
    expect(stream.data).to.have.length(1_000);
    expect([stream.data[0], stream.data.at(-1)]).to.deep.equal([told(501)[0], told(1_500)[0]]);
  });

  describe('tells its reader', () => {
    it('each entry with its id once it is written, not before', async () => {
      gaps(2);
      expect(read).to.deep.equal([]);
      await journal.flush();
      expect(read).to.deep.equal([told(1, '1-0'), told(2, '2-0')]);
    });

    it('what could not be written at once without an id, and what comes until it can as well, each once', async () => {
      gap(1);
      refuse();
      await journal.flush();
      expect(read).to.deep.equal([told(1)]);
      gap(2);
      expect(read, 'as it comes').to.deep.equal([told(1), told(2)]);
      await journal.flush();
      stream.failure = undefined;
      await journal.flush();
      expect(read, 'not once more with an id').to.deep.equal([told(1), told(2)]);
      gap(3);
      await journal.flush();
      expect(read.at(-1)).to.deep.equal(told(3, '3-0'));
    });
  });

  describe('of single peers', () => {
    it('keeps 500 at once, and one more for each ten seconds', async () => {
      peers(600);
      expect(await written()).to.equal(500);
      now += 5 * SECOND;
      peers(1);
      expect(await written(), 'too soon').to.equal(500);
      now += 5 * SECOND;
      peers(2);
      expect(await written()).to.equal(501);
      now += 35 * SECOND;
      peers(9);
      expect(await written()).to.equal(504);
    });

    it('keeps no more than 500 at once after a quiet day either', async () => {
      peers(600);
      expect(await written()).to.equal(500);
      now += 24 * 60 * MINUTE;
      peers(600);
      expect(await written()).to.equal(1_000);
    });

    it('keeps none for a clock that has gone back', async () => {
      peers(600);
      peers(100, now - 5 * MINUTE);
      expect(await written()).to.equal(500);
    });

    it('counts the rest by type, and tells the counts a minute after the first of them', async () => {
      const folded = () => stream.types.filter((type) => type === 'events.folded').length;
      peers(501);
      now += 30 * SECOND;
      peers(3);
      for (let i = 0; i < 2; i += 1) {
        journal.accept({
          kind: 'peer.malformed',
          at: now,
          peer: 'consumer',
          uuid: 'a',
          error: 'address-denied',
          detail: '',
        });
      }
      await journal.flush();
      now = T + MINUTE - 1;
      expect(journal.hasUnwritten).to.equal(false);
      await journal.flush();
      expect(folded()).to.equal(0);
      now += 1;
      expect(journal.hasUnwritten, 'of itself').to.equal(true);
      await journal.flush();
      expect(folded()).to.equal(1);
      // Three came with the half minute.
      expect(JSON.parse(stream.data.at(-1) ?? '')).to.deep.equal({
        since: T,
        counts: { 'announcement.dropped': 1, 'peer.malformed': 2 },
      });
      expect(journal.hasUnwritten).to.equal(false);
      now += 60 * MINUTE;
      await journal.flush();
      expect(folded(), 'each is counted once').to.equal(1);
    });
  });
});
