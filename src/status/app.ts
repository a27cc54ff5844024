import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';
import type { z } from 'zod';
import type { Sample } from '../domain/sample.js';
import { assets, pageHtml, pagePolicy } from './assets.js';
import { EventStreams } from './eventStream.js';
import type { EventFeed } from './feed.js';
import type { Metrics } from './metrics.js';
import { openApi } from './openApi.js';
import { CursorError, type PeerPages } from './peerPages.js';
import { healthOf, readinessOf } from './probes.js';
import type { Report } from './report.js';
import { peersQuery, seriesQuery } from './schema.js';
import { snapshotHtml, snapshotText } from './snapshot.js';

export interface AppSource {
  readonly report: Pick<Report, 'status' | 'probeInput'>;
  readonly pages: PeerPages;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  /** Samples of a period (Unix milliseconds), oldest first. */
  readonly samples: (from: number, to: number) => Promise<readonly Sample[]>;
  readonly version: string;
  readonly wall: () => number;
  /** Called when a request failed with an internal error. */
  readonly onFault: (path: string, error: Error) => void;
}

/** The values that the HTTP server passes to the routes. */
export interface Env {
  Bindings: HttpBindings & {
    readonly base: string;
    /** Whether the request has the token, if one is required. */
    readonly trusted: boolean;
    /** Whether the request would still be admitted. The token may change while it is being served. */
    readonly isAdmitted: () => boolean;
  };
}

const DAY_MS = 86_400_000;
/** Maximum number of points of a chart. */
const MAX_SAMPLES = 1_500;
/** Programs of a terminal, which accept anything. */
const TERMINAL_CLIENT = /^(curl|Wget|HTTPie|xh)\//i;
/** The number of peers in the snapshot. */
const SNAPSHOT_PEERS = 25;

/** The routes of the status server. Requests were admitted before, in `guard.ts`. */
export function statusApp(source: AppSource): { readonly app: Hono<Env>; readonly streams: EventStreams } {
  const { report, pages, metrics, feed, samples, wall, onFault } = source;
  const streams = new EventStreams(feed, () => report.status());
  const app = new Hono<Env>();
  let document: object | undefined;

  app.get('/healthz', (c) => probe(c, healthOf(report.probeInput())));
  app.get('/readyz', (c) => probe(c, readinessOf(report.probeInput(), c.env.trusted)));
  app.get('/metrics', async (c) =>
    c.body(await metrics.text(await report.status()), 200, { 'content-type': metrics.contentType }),
  );
  app.get('/api/status', async (c) => c.json(await report.status()));
  app.get('/api/openapi.json', (c) => c.json((document ??= openApi(source.version))));
  app.get('/api/peers', async (c) => {
    const query = read(peersQuery, c);
    return query.ok ? c.json(await pages.page(query.value)) : fault(c, query.text);
  });
  app.get('/api/peers/:kind{consumer|producer}/:uuid', async (c) => {
    const { kind, uuid } = c.req.param();
    const found = await pages.one(kind === 'producer' ? 'producer' : 'consumer', uuid);
    return found === undefined ? fault(c, `no ${kind} of that uuid is registered`, 404) : c.json(found);
  });
  app.get('/api/series', async (c) => {
    const query = read(seriesQuery, c);
    if (!query.ok) return fault(c, query.text);
    const { to = wall(), from = to - DAY_MS } = query.value;
    return c.json({ samples: downsampled(await samples(from, to)), as_of: wall() });
  });
  app.get('/api/events', (c) => {
    if (streams.isFull) return fault(c, 'too many readers: try again later', 503);
    const { outgoing, isAdmitted } = c.env;
    // nginx would hold events back until its buffer is full.
    const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    outgoing.writeHead(200, headers);
    void streams.serve(outgoing, c.req.header('last-event-id'), isAdmitted);
    return RESPONSE_ALREADY_SENT;
  });
  app.get('/assets/*', (c) => {
    const asset = assets().get(c.req.path.slice(1));
    if (asset === undefined) return c.notFound();
    const headers = {
      'content-type': asset.type,
      etag: asset.etag,
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
    };
    if (c.req.header('if-none-match') === asset.etag) return c.body(null, 304, headers);
    const packed = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    const body = Uint8Array.from(packed ? asset.gzip : asset.body);
    return c.body(body, 200, packed ? { ...headers, 'content-encoding': 'gzip' } : headers);
  });
  app.get('/', async (c) => {
    const [status, { peers }] = await Promise.all([
      report.status(),
      pages.page(peersQuery.parse({ limit: SNAPSHOT_PEERS })),
    ]);
    const headers = { vary: 'accept, user-agent' };
    if (wantsText(c)) return c.text(`${snapshotText(status, peers)}\n`, 200, headers);
    const base = `${c.env.base}/`;
    const html = pageHtml({ base, title: status.summary, snapshot: snapshotHtml(status, peers) });
    return c.html(html, 200, { ...headers, 'content-security-policy': pagePolicy(base) });
  });
  app.notFound((c) => fault(c, 'nothing is served here', 404));
  app.onError((error, c) => {
    if (error instanceof CursorError) return fault(c, error.message);
    onFault(c.req.path, error);
    return fault(c, 'a fault of its own', 500);
  });
  return { app, streams };
}

/** Clients that name text/plain, and programs of a terminal, get text; all others get the page. */
function wantsText(c: Context<Env>): boolean {
  const accept = c.req.header('accept') ?? '';
  if (accept.includes('text/html')) return false;
  return accept.includes('text/plain') || TERMINAL_CLIENT.test(c.req.header('user-agent') ?? '');
}

function probe(c: Context<Env>, { ok, ...body }: { readonly ok: boolean }): Response {
  return c.json(body, ok ? 200 : 503);
}

function fault(c: Context<Env>, text: string, status: 400 | 404 | 500 | 503 = 400): Response {
  return c.json({ error: text }, status);
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly text: string };

/** The query parsed by its schema. Unknown parameters are ignored. */
function read<T extends z.ZodType>(schema: T, c: Context<Env>): Read<z.output<T>> {
  const found = schema.safeParse(c.req.query());
  if (found.success) return { ok: true, value: found.data };
  const text = found.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return { ok: false, text };
}

/** Reduces the samples: each group is represented by its sample with the longest round, so that no peak is lost. */
function downsampled(all: readonly Sample[]): readonly Sample[] {
  const step = Math.ceil(all.length / MAX_SAMPLES);
  if (step <= 1) return all;
  const kept: Sample[] = [];
  for (let i = 0; i < all.length; i += step) {
    const few = all.slice(i, i + step);
    const [first, ...rest] = few;
    if (first === undefined) break;
    const peak = rest.reduce((a, b) => ((b.round_ms ?? 0) > (a.round_ms ?? 0) ? b : a), first);
    kept.push({ ...peak, isolated: few.some(({ isolated }) => isolated) });
  }
  return kept;
}
