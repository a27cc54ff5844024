import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import { statusApp, type AppSource, type Env } from './app.js';
import { admit, baseOf, isRefusal, type Refusal } from './guard.js';

export interface ListenOptions extends Omit<AppSource, 'onFault'> {
  readonly config: () => Config;
  readonly hostName: string;
  /** A port that can't be had is tried again after so long, in milliseconds. */
  readonly retryMs?: number;
  /** A connection on which nothing moves for so long, in milliseconds, is closed. */
  readonly stalledMs?: number;
}

type Settings = Pick<Config['status'], 'host' | 'port'>;

const RETRY_MS = 30_000;
const STALLED_MS = 30_000;
/** How long a client may take to send its request, and how long a connection may rest. */
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const MOST_CONNECTIONS = 2_000;
/** Names under which we are asked, and faults, that are logged, each once. */
const MOST_TOLD = 20;

const HEADERS = {
  // Of what changes from one moment to the next; files say otherwise.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** The status server for as long as it is subscribed to; a port that can't be had is logged, and tried again. */
export function statusServer(settings: Settings, options: ListenOptions): Observable<SchedulerEvent> {
  return new Observable((subscriber) => {
    const { wall, config, retryMs = RETRY_MS, stalledMs = STALLED_MS } = options;
    const faults = new Set<string>();
    const onFault = (path: string, { message: reason }: Error): void => {
      if (subscriber.closed || faults.has(reason) || faults.size >= MOST_TOLD) return;
      faults.add(reason);
      subscriber.next({ kind: 'status.fault', at: wall(), path, reason });
    };
    const { app, streams } = statusApp({ ...options, onFault });
    const serve = getRequestListener((request, env) => app.fetch(request, { ...env, ...admittedOf(env) }));
    const refused = new Set<string>();
    let retry: NodeJS.Timeout | undefined;
    const server = createServer(LIMITS, (request, response) => {
      const found = answer(request, response, options);
      if (found === undefined) {
        void serve(request, response);
        return;
      }
      if (found.host === undefined || refused.has(found.host) || refused.size >= MOST_TOLD) return;
      refused.add(found.host);
      subscriber.next({ kind: 'status.refused', at: wall(), host: found.host });
    });
    server.maxConnections = MOST_CONNECTIONS;
    // Else clients that never read their answer could hold all connections, and the memory of what they asked for.
    server.timeout = stalledMs;
    server.on('listening', () => {
      // The address of a host name may be found when it is no longer asked for.
      if (subscriber.closed) server.close();
      else subscriber.next({ kind: 'status.listening', at: wall(), url: urlOf(server, config()) });
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      // A connection that can't be taken is no reason to listen anew.
      if (subscriber.closed || server.listening) return;
      const { host, port } = settings;
      subscriber.next({ kind: 'status.failed', at: wall(), host, port, reason: reasonOf(error), retryInMs: retryMs });
      clearTimeout(retry);
      retry = setTimeout(listen, retryMs);
    });
    const listen = (): void => {
      server.listen({ host: settings.host.replace(/^\[(.*)\]$/, '$1'), port: settings.port });
    };
    listen();
    return () => {
      clearTimeout(retry);
      streams.close();
      server.close();
      // Readers see the end of their stream, and no connection that breaks.
      setImmediate(() => {
        server.closeAllConnections();
      });
    };
  });
}

type FromGuard = Omit<Env['Bindings'], keyof HttpBindings>;

const admitted = new WeakMap<IncomingMessage, FromGuard>();

function admittedOf(env: { readonly incoming: object }): FromGuard {
  return admitted.get(env.incoming as IncomingMessage) ?? { base: '', trusted: false, isAdmitted: () => false };
}

/** Refuses what may not be served; undefined where it may. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { config, hostName }: ListenOptions,
): Refusal | undefined {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const { method = '', url = '', headers } = request;
  const { status } = config();
  const found = admit({ method, url, headers }, status, hostName);
  if (isRefusal(found)) {
    response.writeHead(found.status, { 'content-type': 'text/plain; charset=utf-8', ...found.headers });
    response.end(request.method === 'HEAD' ? undefined : `${found.text}\n`);
    return found;
  }
  request.url = found.path;
  // Nothing that is served depends on it, and the listener behind refuses literals that a URL would spell otherwise.
  request.headers.host = 'localhost';
  const isAdmitted = (): boolean => config().status.token === status.token;
  admitted.set(request, { base: baseOf(status.basePath), trusted: found.trusted, isAdmitted });
  return undefined;
}

function urlOf(server: Server, { status }: Config): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return '';
  const { address: ip, port, family } = address;
  return `http://${family === 'IPv6' ? `[${ip}]` : ip}:${String(port)}${baseOf(status.basePath)}/`;
}

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'the port is taken by another program';
    case 'EACCES':
      return 'this user may not listen there';
    case 'EADDRNOTAVAIL':
      return 'this host has no such address';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known';
    default:
      return code === '' ? message : code;
  }
}
