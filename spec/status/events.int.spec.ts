import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { Journal } from '#src/sinks/journal.js';
import { eventSchema, statusSchema } from '#src/status/schema.js';
import { eventually } from '../support/eventually.js';
import { keys, privateRedis } from '../support/registry.js';
import { StatusHouse } from '../support/status/house.js';

interface Got {
  readonly id: string | undefined;
  readonly name: string;
  readonly data: { readonly type?: string; readonly at?: number; readonly data?: { readonly n?: number } };
}

/** One reader of the event stream. */
class Reader {
  text = '';

  constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (this.text += chunk));
    response.on('error', () => undefined);
  }

  get events(): readonly Got[] {
    const blocks = this.text.split('\n\n').slice(0, -1);
    return blocks.flatMap((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const [name, data] = [field('event'), field('data')];
      if (name === undefined || data === undefined) return [];
      return [{ id: field('id'), name, data: JSON.parse(data) as Got['data'] }];
    });
  }

  get numbers(): readonly (number | undefined)[] {
    return this.events.filter(({ name }) => name === 'entry').map(({ data }) => data.data?.n);
  }

  /** Until the status has come, which follows what was before. */
  async begun(): Promise<this> {
    await eventually(() => {
      expect(this.events.some(({ name }) => name === 'status')).to.equal(true);
    });
    return this;
  }

  async has(numbers: readonly number[]): Promise<void> {
    await eventually(() => {
      expect(this.numbers).to.deep.equal(numbers);
    });
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('the event stream', () => {
  const shared = privateRedis();
  let house: StatusHouse;

  const write = async (from: number, to: number, more = ''): Promise<string[]> => {
    const ids: string[] = [];
    for (const n of range(from, to)) {
      const data = JSON.stringify({ n, more });
      ids.push((await shared.redis.xadd(keys.events, '*', 'type', 't', 'at', n, 'data', data)) ?? '');
    }
    return ids;
  };
  const read = async (headers = {}): Promise<Reader> => new Reader(await house.answer('/api/events', headers)).begun();
  const after = (id: string): Promise<Reader> => read({ 'last-event-id': id });

  beforeEach(async () => {
    house = await StatusHouse.start(shared.redis);
  });

  afterEach(() => {
    shared.server.thaw();
    house.close();
  });

  it('begins with the last 50 and the status, as its schemas say', async () => {
    const ids = await write(0, 70);
    const reader = await read();
    expect(reader.numbers).to.deep.equal(range(20, 70));
    const entries = reader.events.filter(({ name }) => name === 'entry');
    expect(entries.map(({ id }) => id)).to.deep.equal(ids.slice(20));
    for (const { data } of entries) eventSchema.strict().parse(data);
    for (const { name, data } of reader.events) if (name === 'status') statusSchema.strict().parse(data);
  });

  it('goes on after the id that the reader names, and from the beginning after one it does not know', async () => {
    const ids = await write(0, 70);
    expect((await after(ids[66] ?? '')).numbers).to.deep.equal([67, 68, 69]);
    expect((await after(ids[69] ?? '')).numbers).to.deep.equal([]);
    expect((await after('1-1')).numbers).to.deep.equal(range(0, 70));
    expect((await after('999999999999999-0')).numbers).to.deep.equal([]);
    for (const id of ['', 'garbage', '-', '+', '$', '1-', '(1', '9'.repeat(16), "'; --", '%00']) {
      expect((await after(id)).numbers, id).to.deep.equal(range(20, 70));
    }
  });

  it('gives a reader all that it has missed, however much that is', async () => {
    const [first = ''] = await write(0, 1);
    const pipeline = shared.redis.pipeline();
    for (const n of range(1, 3_000)) {
      pipeline.xadd(keys.events, '*', 'type', 't', 'at', n, 'data', JSON.stringify({ n, more: 'x'.repeat(1_000) }));
    }
    await pipeline.exec();
    expect((await after(first)).numbers).to.deep.equal(range(1, 3_000));
  });

  it('begins with large entries as with small ones', async () => {
    await write(0, 50, 'x'.repeat(10_000));
    expect((await read()).numbers).to.deep.equal(range(0, 50));
  });

  it('passes on what happens, in order, to each reader', async () => {
    const readers = await Promise.all(range(0, 5).map(() => read()));
    const journal = new Journal(shared.redis, keys, () => Date.now(), String, house.feed);
    for (const at of range(1, 40)) journal.accept({ kind: 'config.reloaded', at, changed: ['log.level'] });
    await journal.flush();
    for (const reader of readers) {
      await eventually(() => {
        expect(reader.events.filter(({ name }) => name === 'entry').map(({ data }) => data.at)).to.deep.equal(
          range(1, 40),
        );
      });
      const ids = reader.events.flatMap(({ id }) => id ?? []);
      expect(new Set(ids).size).to.equal(39);
    }
  });

  it('loses and doubles nothing while a reader comes in the middle of it', async () => {
    const journal = new Journal(shared.redis, keys, () => Date.now(), String, house.feed);
    let at = 0;
    const readers: Promise<Reader>[] = [];
    for (let i = 0; i < 30; i += 1) {
      for (let n = 0; n < 5; n += 1) journal.accept({ kind: 'config.reloaded', at: (at += 1), changed: [] });
      readers.push(read());
      await journal.flush();
    }
    for (const reader of await Promise.all(readers)) {
      await eventually(() => {
        const seen = reader.events.filter(({ name }) => name === 'entry').map(({ data }) => data.at ?? 0);
        expect(seen).to.deep.equal(range(seen[0] ?? 0, 151));
      });
    }
  });

  it('passes on what other schedulers of the registry write, in order and once, among what is its own', async () => {
    const ids = await write(0, 60);
    const early = await read();
    const resumed = await after(ids[57] ?? '');
    const journal = new Journal(shared.redis, keys, () => Date.now(), String, house.feed);
    for (const n of range(60, 75)) {
      await write(n, n + 1);
      journal.accept({ kind: 'config.reloaded', at: n, changed: [] });
      await journal.flush();
    }
    const late = await read();
    await write(75, 80);
    const times = (reader: Reader) => reader.events.filter(({ name }) => name === 'entry').map(({ data }) => data.at);
    const mixed = [...range(60, 75).flatMap((n) => [n, n]), ...range(75, 80)];
    for (const [reader, before] of [
      [early, range(10, 60)],
      [resumed, range(58, 60)],
      [late, range(40, 60)],
    ] as const) {
      await eventually(() => {
        expect(times(reader)).to.deep.equal([...before, ...mixed]);
      });
      const told = reader.events.flatMap(({ id }) => id ?? []);
      expect(new Set(told).size).to.equal(told.length);
    }
  });

  it('tells a reader that came while Redis was away what others write once it is back', async () => {
    await write(0, 3);
    shared.server.freeze();
    const reader = await read();
    expect(reader.numbers).to.deep.equal([]);
    shared.server.thaw();
    const ids = await write(3, 6);
    await eventually(() => {
      const told = reader.events.flatMap(({ id }) => id ?? []);
      // Its beginning may have been waited for until now.
      expect(told.slice(-3)).to.deep.equal(ids);
      expect(new Set(told).size).to.equal(told.length);
    });
  });

  it('tells events without an id while Redis is away, and none of them again', async () => {
    const journal = new Journal(shared.redis, keys, () => Date.now(), String, house.feed);
    const accept = (at: number): void => {
      journal.accept({ kind: 'config.reloaded', at, changed: [] });
    };
    const times = (reader: Reader) => reader.events.filter(({ name }) => name === 'entry').map(({ data }) => data.at);
    accept(1);
    await journal.flush();
    const early = await read();
    shared.server.freeze();
    accept(2);
    await journal.flush();
    accept(3);
    await eventually(() => {
      expect(times(early)).to.deep.equal([1, 2, 3]);
    });
    const late = await read();
    await eventually(() => {
      expect(times(late)).to.deep.equal([1, 2, 3]);
    });
    const [, second] = early.events.filter(({ name }) => name === 'entry');
    expect(second?.id).to.equal(undefined);
    shared.server.thaw();
    await eventually(async () => {
      expect((await journal.flush()).map(({ kind }) => kind)).to.not.include('redis.failed');
    });
    accept(4);
    await journal.flush();
    for (const reader of [early, late]) {
      await eventually(() => {
        expect(times(reader)).to.deep.equal([1, 2, 3, 4]);
      });
    }
    expect(times(await read())).to.include.members([1, 2, 3, 4]);
  });

  it('shows whatever others have written to the stream as JSON', async () => {
    const hostile = ['{', 'null', '[1]', '"x"', '{"n":1,"uuid":"</script>\\n\\nevent: x"}', '\n\ndata: 1', '\u0000'];
    for (const data of hostile) {
      for (const type of ['', 'a\nevent: forged\n\n', '__proto__', 'peer.available', 'ip.changed', 'events.folded']) {
        await shared.redis.xadd(keys.events, '*', 'type', type, 'at', 'x', 'data', data);
      }
    }
    await shared.redis.xadd(keys.events, '*', 'unrelated', 'x');
    const reader = await after('0-1');
    const entries = reader.events.filter(({ name }) => name === 'entry');
    expect(entries.length).to.equal(hostile.length * 6 + 1);
    for (const { data } of entries) eventSchema.strict().parse(data);
    expect(new Set(reader.events.map(({ name }) => name))).to.deep.equal(new Set(['entry', 'status']));
  });

  it('drops a reader that takes nothing, and keeps little for it', async function () {
    this.timeout(60_000);
    const socket = connect(house.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const good = await read();
    let closed = false;
    socket.once('close', () => (closed = true)).on('error', () => (closed = true));
    const before = process.memoryUsage().rss;
    const data = JSON.stringify({ more: 'x'.repeat(50_000) });
    for (let n = 0; n < 2_000; n += 1) {
      house.feed.onEntry({ type: 't', at: n, data }, undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // What the kernel holds for it has to be taken before its end can be seen.
    socket.resume();
    await eventually(() => {
      expect(closed).to.equal(true);
    });
    await eventually(() => {
      expect(good.events.filter(({ name }) => name === 'entry').length).to.equal(2_000);
    }, 30_000);
    expect(process.memoryUsage().rss - before).to.be.lessThan(1_000_000_000);
  });

  it('serves 200 readers at once, and lets the next in when one goes', async () => {
    const readers = await Promise.all(range(0, 200).map(() => read()));
    const { status, json } = await house.get('/api/events');
    expect(status).to.equal(503);
    expect(json).to.have.property('error').that.includes('too many readers');
    readers[0]?.response.destroy();
    await eventually(async () => {
      const response = await house.answer('/api/events');
      response.destroy();
      expect(response.statusCode).to.equal(200);
    });
    for (const { response } of readers) response.destroy();
  });
});
