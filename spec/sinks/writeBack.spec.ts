import { expect } from 'chai';
import type { RedisClient } from '#src/clients/redis.js';
import type { HistorySize } from '#src/domain/history.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { PeerBook } from '#src/state/peerBook.js';
import { SoleShares, type Shares } from '#src/state/shares.js';
import { entry } from '../support/entries.js';
import { keys } from '../support/registry.js';

const MINUTE = 60_000;
const T = Date.UTC(2026, 0, 1);
/** Before clocks are set: such a check belongs to no history. */
const UNSET = 1_000;
const SIZE: HistorySize = { hours: 24, days: 1 };
const OOM = new Error("OOM command not allowed when used memory > 'maxmemory'.");

/** One run of the script: how many rows it got, and of which peers a history. */
interface Run {
  readonly rows: number;
  readonly histories: readonly string[];
}

describe('the write-back, on scripts in memory', () => {
  let now: number;
  let book: PeerBook;
  let runs: Run[];
  let deleted: string[][];
  /** What the script replies: why no history could be kept, and what each lock holds; or what it throws. */
  let reply: () => readonly unknown[];
  let room: (keys: number) => number;
  let sink: WriteBack;

  const textOf = (given: string | Buffer) => (typeof given === 'string' ? given : given.toString('latin1'));
  const redis = {
    evalshaBuffer: async (_: string, count: number, ...given: (string | Buffer)[]) => {
      const used = given.slice(0, count).map(textOf);
      await Promise.resolve();
      runs.push({
        rows: used.filter((key) => key.startsWith(keys.consumer(''))).length,
        histories: used
          .filter((key) => key.startsWith(keys.history('')))
          .map((key) => key.slice(keys.history('').length)),
      });
      return reply();
    },
    del: (...given: Buffer[]) => {
      deleted.push(given.map((key) => key.toString('latin1').slice(keys.history('').length)));
      return Promise.resolve(room(given.length));
    },
  } as unknown as RedisClient;
  const begin = (size?: HistorySize, shares?: Shares): void => {
    const explain = (error: unknown) => (error as Error).message;
    sink = new WriteBack(redis, keys, book, () => now, explain, size, shares);
  };

  beforeEach(() => {
    now = T;
    book = new PeerBook(['public']);
    [runs, deleted] = [[], []];
    reply = () => ['', 1];
    room = (count) => count;
    begin();
  });

  const check = (uuid = 'a', at = now): void => {
    book.remember(entry(uuid), 1);
    const health = { ...UNCHECKED, state: 'available' as const };
    book.record(entry(uuid), { at, outcome: { ok: true, latencyMs: 1 }, counted: true, health });
  };
  const refuse = (error: Error): void => {
    reply = () => {
      throw error;
    };
  };
  const allow = (): void => {
    reply = () => ['', 1];
  };

  it('writes all results of one turn of the event loop by one script', async () => {
    check('a');
    const first = sink.settle();
    for (let microtask = 0; microtask < 20; microtask += 1) await Promise.resolve();
    check('b');
    await Promise.all([first, sink.settle()]);
    expect(runs.map(({ rows }) => rows)).to.deep.equal([2]);
  });
  const told = async () =>
    (await sink.flush()).map((event) => ('what' in event ? `${event.kind} ${event.what}` : event.kind));
  const uuids = (count: number) => Array.from({ length: count }, (_, i) => `p${String(i)}`);

  describe('writes', () => {
    it('no more than 16 rows at once', async () => {
      for (const uuid of uuids(64)) check(uuid);
      await sink.flush();
      expect(runs.map(({ rows }) => rows)).to.deep.equal([16, 16, 16, 16]);
    });

    it('for its callers what waits when they come, and leaves later results to later ones', async () => {
      check('a', UNSET);
      let more = 0;
      reply = () => {
        more += 1;
        if (more < 5) check(`later-${String(more)}`, UNSET);
        return ['', 1];
      };
      await sink.flush();
      expect(runs).to.have.length(1);
      expect(book.unwrittenCount).to.equal(1);
    });

    it('once for callers that come together, and tells the first of them what failed', async () => {
      check();
      refuse(new Error('NOPERM'));
      const [first, ...others] = await Promise.all([sink.flush(), sink.flush(), sink.flush()]);
      expect(first.map(({ kind }) => kind)).to.deep.equal(['redis.failed']);
      expect(others).to.deep.equal([[], []]);
      expect(runs).to.have.length(1);
    });
  });

  it('waits to be flushed while a row does or a write has failed, and once a minute for histories', async () => {
    await sink.flush();
    expect(sink.hasUnwritten).to.equal(false);
    check('a', UNSET);
    expect(sink.hasUnwritten).to.equal(true);
    await sink.flush();
    expect(sink.hasUnwritten).to.equal(false);
    now += MINUTE;
    expect(sink.hasUnwritten).to.equal(true);
    await sink.flush();
    check('a', UNSET);
    refuse(new Error('NOPERM'));
    await sink.flush();
    book.clear();
    expect(sink.hasUnwritten, 'after a failure').to.equal(true);
  });

  describe('after a failure', () => {
    beforeEach(async () => {
      check();
      refuse(new Error('NOPERM'));
      expect(await told()).to.deep.equal(['redis.failed writing verdicts']);
      allow();
    });

    it('says once that it has caught up', async () => {
      expect(await told()).to.deep.equal(['redis.caught-up writing verdicts']);
      check();
      expect(await told()).to.deep.equal([]);
    });

    it('writes up to 32 rows at once until it has caught up', async () => {
      for (const uuid of uuids(63)) check(uuid);
      runs.length = 0;
      await sink.flush();
      for (const uuid of uuids(32)) check(uuid);
      await sink.flush();
      expect(runs.map(({ rows }) => rows)).to.deep.equal([32, 32, 16, 16]);
    });

    it('says nothing of that where nothing was left to write', async () => {
      book.clear();
      expect(await told()).to.deep.equal([]);
    });
  });

  it('takes the lock of another one for no failure: the next round is written as any other', async () => {
    const sole = new SoleShares('p2p:leader', { token: () => 'us:3', refused: () => undefined });
    const shares: Shares = {
      ...{ divided: true, portion: 1, change$: sole.change$ },
      ...{ of: () => 0, mine: () => true, holds: () => true, refused: () => undefined },
      guardOf: () => sole.guardOf(),
    };
    begin(undefined, shares);
    check();
    reply = () => ['', 'x:9'];
    expect(await told()).to.deep.equal(['verdicts.fenced']);
    allow();
    expect(await sink.settle()).to.deep.equal([]);
    expect(runs).to.have.length(2);
    expect(book.unwrittenCount).to.equal(0);
  });

  describe('of histories', () => {
    /** Nothing of the row waits but its history. */
    const tallied = async (uuid = 'a'): Promise<void> => {
      check(uuid);
      await sink.flush();
      runs = [];
    };

    it('writes none where none is to be kept, not even at the end', async () => {
      await tallied();
      await sink.flushAtEnd();
      expect(runs).to.deep.equal([]);
    });

    it('keeps them where only days are wanted, and where only hours are', async () => {
      for (const size of [
        { hours: 0, days: 30 },
        { hours: 24, days: 0 },
      ]) {
        begin(size);
        await tallied();
        await sink.flushAtEnd();
        expect(runs).to.deep.equal([{ rows: 1, histories: ['a'] }]);
      }
    });

    it('writes each with its verdict once it is told to', async () => {
      begin(SIZE);
      check();
      await sink.flush();
      expect(runs).to.deep.equal([{ rows: 1, histories: [] }]);
      sink.writeHistoryWithVerdicts();
      check('b');
      await sink.flush();
      expect(runs.at(-1)).to.deep.equal({ rows: 1, histories: ['b'] });
    });

    it('holds them back until their turn, whatever else happens than the end', async () => {
      begin(SIZE);
      await tallied();
      sink.accept({ kind: 'heartbeat', at: now });
      await sink.flush();
      expect(runs).to.deep.equal([]);
      sink.accept({ kind: 'process.stopping', at: now, signal: 'SIGTERM' });
      await sink.flush();
      expect(runs).to.deep.equal([{ rows: 1, histories: ['a'] }]);
    });

    it('changes nothing in the book by one that is written alone', async () => {
      begin(SIZE);
      await tallied();
      const { revision } = book;
      await sink.flushAtEnd();
      expect(runs).to.have.length(1);
      expect(book.revision).to.equal(revision);
    });

    it('takes one back whose write has failed, and writes it with the next', async () => {
      begin(SIZE);
      sink.writeHistoryWithVerdicts();
      check();
      refuse(new Error('NOPERM'));
      await sink.flush();
      allow();
      await sink.flush();
      expect(runs).to.deep.equal([
        { rows: 1, histories: ['a'] },
        { rows: 1, histories: ['a'] },
      ]);
    });

    it('tells of one that is written alone and fails as of a history, and holds up no verdict', async () => {
      begin(SIZE);
      await tallied();
      refuse(new Error('NOPERM'));
      sink.accept({ kind: 'process.stopping', at: now, signal: 'SIGTERM' });
      expect(await sink.flush()).to.deep.equal([
        { kind: 'redis.failed', at: T, what: 'keeping history', reason: 'NOPERM' },
      ]);
      allow();
      check('b', UNSET);
      expect(await sink.settle()).to.deep.equal([]);
    });

    describe('after one was refused', () => {
      beforeEach(async () => {
        begin(SIZE);
        sink.writeHistoryWithVerdicts();
        reply = () => ['NOPERM set', 1];
        check();
        expect(await told()).to.deep.equal(['redis.failed keeping history']);
        expect(book.unwrittenCount).to.equal(0);
        allow();
        runs = [];
      });

      it('tries none for a minute, also at the end', async () => {
        now += MINUTE - 1;
        check();
        expect(await told()).to.deep.equal([]);
        expect(await sink.flushAtEnd()).to.deep.equal([]);
        expect(runs).to.deep.equal([{ rows: 1, histories: [] }]);
      });

      it('says that they are kept again with the first that is, whoever is written beside it', async () => {
        now += MINUTE;
        check('b', UNSET);
        check();
        expect(await told()).to.deep.equal(['redis.worked keeping history']);
        expect(runs).to.deep.equal([{ rows: 2, histories: ['a'] }]);
        check();
        expect(await told()).to.deep.equal([]);
      });
    });
  });

  describe('where Redis has no memory left', () => {
    beforeEach(() => {
      begin(SIZE);
    });

    it('gives up the histories of these rows first, by the very bytes of their UUIDs, then all of them', async () => {
      for (const uuid of uuids(300)) book.remember(entry(uuid), 1);
      check('caf\u00e9', UNSET);
      refuse(OOM);
      expect((await told()).at(-1)).to.equal('redis.failed writing verdicts');
      expect(deleted.map(({ length }) => length)).to.deep.equal([1, 256, 45]);
      expect(deleted[0]).to.deep.equal(['caf\u00e9']);
      await sink.flush();
      expect(deleted, 'none is left').to.have.length(3);
    });

    it('tries again once there is room, and only then', async () => {
      for (const uuid of uuids(300)) book.remember(entry(uuid), 1);
      check('a', UNSET);
      room = (count) => (count === 256 ? 1 : 0);
      reply = () => {
        if (runs.length === 1) throw OOM;
        return ['', 1];
      };
      expect(await told()).to.deep.equal(['redis.failed keeping history']);
      expect(deleted.map(({ length }) => length)).to.deep.equal([1, 256]);
      expect(runs).to.have.length(2);
      expect(book.unwrittenCount).to.equal(0);
    });

    it('gives up none for another failure', async () => {
      check('a', UNSET);
      refuse(new Error('NOPERM'));
      expect(await told()).to.deep.equal(['redis.failed writing verdicts']);
      expect(deleted).to.deep.equal([]);
    });

    it('stops giving up where another failure comes meanwhile, and tells that one', async () => {
      for (const uuid of uuids(300)) book.remember(entry(uuid), 1);
      check('a', UNSET);
      reply = () => {
        throw runs.length === 1 ? OOM : new Error('READONLY');
      };
      const events = await sink.flush();
      expect(events.at(-1)).to.include({ kind: 'redis.failed', what: 'writing verdicts', reason: 'READONLY' });
      expect(deleted).to.have.length(1);
    });
  });
});
