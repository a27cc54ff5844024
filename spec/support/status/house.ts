import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Redis } from 'ioredis';
import type { Subscription } from 'rxjs';
import type { Config } from '#src/config/config.js';
import type { SchedulerEvent } from '#src/events.js';
import { readHistories } from '#src/sources/history.js';
import { readSeries } from '#src/sources/series.js';
import { RegistrySource } from '#src/sources/registry.js';
import { PeerBook } from '#src/state/peerBook.js';
import { EventFeed } from '#src/status/feed.js';
import { statusServer } from '#src/status/listen.js';
import { Metrics } from '#src/status/metrics.js';
import { Observations } from '#src/status/observations.js';
import { PeerPages } from '#src/status/peerPages.js';
import { RegistryView } from '#src/status/registryView.js';
import { Report } from '#src/status/report.js';
import { holding } from '../holding.js';
import { configOf, US } from '../deps.js';
import { keys } from '../registry.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The body as JSON. */
  readonly json: unknown;
}

export interface HouseOptions {
  /** The keys of `status.*`, as they are written in the file. */
  readonly status?: object;
  readonly retryMs?: number;
  readonly stalledMs?: number;
  /** Called while entries, or the details of a page, are read from Redis. */
  readonly onRead?: (what: 'entries' | 'details') => void;
}

/** The status server on a real socket over a real Redis, with a scheduler behind it that the spec plays. */
export class StatusHouse {
  readonly observations = new Observations(Date.now());
  readonly events: SchedulerEvent[] = [];
  readonly book: PeerBook;
  readonly feed: EventFeed;
  readonly metrics = new Metrics({ version: '1.2.3', node: process.version }, { fenced: new Map() });
  /** How it stands to the registry; it may be changed before it is opened. */
  readonly stand = holding();
  config: Config;
  base = '';
  readonly #registry: RegistrySource;
  #running: Subscription | undefined;
  #agent = new Agent();

  constructor(
    private readonly redis: Redis,
    private readonly options: HouseOptions = {},
  ) {
    this.config = configOf({ status: { port: 0, ...options.status }, network: { allow: ['loopback', 'public'] } });
    this.book = new PeerBook(this.config.network.allow);
    this.feed = new EventFeed(redis, keys, () => Date.now());
    this.#registry = new RegistrySource(redis, keys);
    this.observations.accept({ kind: 'redis.up', at: Date.now() });
  }

  /** Starts to listen; does not wait until it does. */
  open(): void {
    const { redis, book, observations, metrics, feed } = this;
    const [wall, steady, config] = [() => Date.now(), () => performance.now(), () => this.config];
    const registry = new RegistryView(redis, keys, wall, steady, () => config().network.allow);
    const identity = {
      ...{ uuid: US, version: '1.2.3', node: process.version, instance: 'i', host: 'node7', pid: 7 },
      configFile: undefined,
    };
    const source = {
      redis,
      keys,
      identity,
      config,
      book,
      observations,
      registry,
      wall,
      redisLatencyMs: () => 0.4,
      ...this.stand,
    };
    const pages = new PeerPages({
      ...{ ...source, steady },
      readAll: () => this.#registry.pages(() => true),
      readEntries: (uuids) => {
        this.options.onRead?.('entries');
        return this.#registry.read(uuids);
      },
      readHistories: (uuids) => {
        this.options.onRead?.('details');
        return readHistories(redis, keys, uuids);
      },
    });
    const server$ = statusServer(this.config.status, {
      ...{ report: new Report(source), pages, metrics, feed, version: '1.2.3', wall, config, hostName: 'node7' },
      samples: (from, to) => readSeries(redis, keys, from, to),
      ...this.#times(),
    });
    this.#running = server$.subscribe({
      next: (event) => {
        this.events.push(event);
        if (event.kind === 'status.listening') this.base = event.url;
      },
      error: (error: unknown) => {
        throw error;
      },
    });
  }

  #times(): Pick<HouseOptions, 'retryMs' | 'stalledMs'> {
    const { retryMs, stalledMs } = this.options;
    return { ...(retryMs === undefined ? {} : { retryMs }), ...(stalledMs === undefined ? {} : { stalledMs }) };
  }

  static async start(redis: Redis, options: HouseOptions = {}): Promise<StatusHouse> {
    const house = new StatusHouse(redis, options);
    house.open();
    await house.listening();
    return house;
  }

  async listening(): Promise<void> {
    while (this.base === '') {
      const failed = this.events.find(({ kind }) => kind === 'status.failed');
      if (failed !== undefined && this.options.retryMs === undefined) throw new Error(JSON.stringify(failed));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  get port(): number {
    return Number(new URL(this.base).port);
  }

  /** As the rounds do: takes the whole registry into the book. */
  async round(n = 1): Promise<void> {
    for await (const page of this.#registry.pages(() => true)) for (const entry of page) this.book.remember(entry, n);
  }

  /** Asks for a path, as it is written. */
  async get(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> {
    const response = await this.answer(path, headers, method);
    response.setEncoding('utf8');
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body,
      get json(): unknown {
        return JSON.parse(body) as unknown;
      },
    };
  }

  /** The answer as soon as its headers are there. */
  async answer(path: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<IncomingMessage> {
    const { port, hostname } = new URL(this.base);
    const asked = request({ host: hostname, port, path, method, headers, agent: this.#agent });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  /** Ends the server as the end of the program does. */
  stop(): void {
    this.#running?.unsubscribe();
  }

  close(): void {
    this.stop();
    this.#agent.destroy();
  }
}
