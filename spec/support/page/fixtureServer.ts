import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assets, pageHtml, pagePolicy } from '#src/status/assets.js';
import type { ConsumerRow, ProducerRow, Status } from '#src/status/schema.js';
import { snapshotHtml } from '#src/status/snapshot.js';
import { hoursOf, type World } from './picture.js';

export interface Told {
  readonly type: string;
  readonly at: number;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Answers as the status server does, out of a made-up world that a spec may change. */
export class FixtureServer {
  readonly #server = createServer((request, response) => {
    this.#answer(request, response);
  });
  readonly #streams = new Set<ServerResponse>();
  readonly #entries: { readonly id: string; readonly entry: Told }[] = [];
  /** The paths that were asked for, with their queries. */
  readonly asked: string[] = [];
  #port = 0;

  constructor(
    public world: World,
    private readonly base = '/',
  ) {}

  get url(): string {
    return `http://127.0.0.1:${String(this.#port)}${this.base}`;
  }

  /** Listens on a free port, and after `down` on the same again. */
  async up(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#streams.clear();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Tells the open pages the status as it is now, with what is changed. */
  tell(change: Partial<Status> = {}): void {
    this.world = { ...this.world, status: { ...this.world.status, as_of: Date.now(), ...change } };
    for (const stream of this.#streams) stream.write(`event: status\ndata: ${JSON.stringify(this.world.status)}\n\n`);
  }

  happen(entry: Told): void {
    const id = `${String(entry.at)}-${String(this.#entries.length)}`;
    this.#entries.push({ id, entry });
    for (const stream of this.#streams) stream.write(eventText(id, entry));
  }

  #answer({ url = '/', headers }: IncomingMessage, response: ServerResponse): void {
    this.asked.push(url);
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const path = pathname.startsWith(this.base) ? pathname.slice(this.base.length) : undefined;
    const asset = assets().get(path ?? '');
    const [, kind, uuid] = /^api\/peers\/(\w+)\/(.+)$/.exec(path ?? '') ?? [];
    if (asset !== undefined) {
      response
        .writeHead(200, { 'content-type': asset.type, 'content-encoding': 'gzip', etag: asset.etag })
        .end(asset.gzip);
    } else if (path === '') this.#page(response);
    else if (path === 'api/status') json(response, { ...this.world.status, as_of: Date.now() });
    else if (path === 'api/peers') json(response, this.#peers(searchParams));
    else if (kind !== undefined && uuid !== undefined) this.#peer(response, decodeURIComponent(uuid));
    else if (path === 'api/series') json(response, this.#series(searchParams));
    else if (path === 'api/events') this.#stream(response, headers['last-event-id']?.toString());
    else response.writeHead(404).end();
  }

  #page(response: ServerResponse): void {
    const { status, consumers } = this.world;
    const snapshot = snapshotHtml(status, consumers.slice(0, 30));
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicy(this.base),
    });
    response.end(pageHtml({ base: this.base, title: status.summary, snapshot }));
  }

  #peers(query: URLSearchParams): unknown {
    const all: readonly (ConsumerRow | ProducerRow)[] =
      query.get('kind') === 'producer' ? this.world.producers : this.world.consumers;
    const state = query.get('state');
    const q = query.get('q') ?? '';
    const found = all.filter(
      (row) => (state === null || row.state === state) && (row.uuid.includes(q) || (row.ip ?? '').includes(q)),
    );
    const sort = query.get('sort') ?? 'problems';
    const sorted = sort === 'problems' ? found : [...found].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
    if (sort.startsWith('-')) sorted.reverse();
    const from = Number(query.get('cursor') ?? 0);
    const to = from + Number(query.get('limit') ?? 100);
    return {
      peers: sorted.slice(from, to),
      next: to < sorted.length ? String(to) : null,
      as_of: Date.now(),
      total: sorted.length,
    };
  }

  #peer(response: ServerResponse, uuid: string): void {
    const rows: readonly (ConsumerRow | ProducerRow)[] = [...this.world.consumers, ...this.world.producers];
    const peer = rows.find((row) => row.uuid === uuid);
    if (peer === undefined) {
      response.writeHead(404).end();
      return;
    }
    const now = Date.now();
    const history =
      peer.kind === 'consumer'
        ? { hours: hoursOf(7, now), days: peer.days ?? [], uptime_24h: peer.uptime_24h, uptime_7d: peer.uptime_7d }
        : null;
    json(response, { peer, history, as_of: now, url: peer.ip === null ? null : `http://${peer.ip}/sync` });
  }

  #series(query: URLSearchParams): unknown {
    const from = Number(query.get('from') ?? 0);
    return { samples: this.world.samples.filter(({ at }) => at >= from), as_of: Date.now() };
  }

  #stream(response: ServerResponse, lastId: string | undefined): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    const known = this.#entries.findIndex(({ id }) => id === lastId);
    for (const { id, entry } of this.#entries.slice(known + 1)) response.write(eventText(id, entry));
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }
}

function eventText(id: string, entry: Told): string {
  return `id: ${id}\nevent: entry\ndata: ${JSON.stringify(entry)}\n\n`;
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
