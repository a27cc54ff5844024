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
  /** Delay before a port that could not be opened is tried again, in milliseconds. */
  readonly retryMs?: number;
  /** A connection without any traffic for this long, in milliseconds, is closed. */
  readonly stalledMs?: number;
}

type Settings = Pick<Config['status'], 'host' | 'port'>;

const RETRY_MS = 30_000;
const STALLED_MS = 30_000;
/** Limits for sending a request, and for an idle connection. */
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
} as const;
const MAX_CONNECTIONS = 2_000;
/** Maximum number of unknown host names, and of faults, that are logged, each once. */
const MAX_REPORTED = 20;

const HEADERS = {
  // For answers that change all the time. Files set their own value.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Runs the status server while subscribed. A port that cannot be opened is logged and tried again. */
export function statusServer(settings: Settings, options: ListenOptions): Observable<SchedulerEvent> {
  return new Observable((subscriber) => {
    const { wall, config, retryMs = RETRY_MS, stalledMs = STALLED_MS } = options;
    const faults = new Set<string>();
    const onFault = (path: string, { message: reason }: Error): void => {
      if (subscriber.closed || faults.has(reason) || faults.size >= MAX_REPORTED) return;
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
      if (found.host === undefined || refused.has(found.host) || refused.size >= MAX_REPORTED) return;
      refused.add(found.host);
      subscriber.next({ kind: 'status.refused', at: wall(), host: found.host });
    });
    server.maxConnections = MAX_CONNECTIONS;
    // Otherwise clients that never read their answers could hold all connections, and the memory of the answers.
    server.timeout = stalledMs;
    server.on('listening', () => {
      // The lookup of a host name may end after the unsubscription.
      if (subscriber.closed) server.close();
      else subscriber.next({ kind: 'status.listening', at: wall(), url: urlOf(server, config()) });
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      // A connection that cannot be accepted is no reason to listen again.
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
      // Readers then see the end of their stream instead of a broken connection.
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

/** Sends the refusal of a request. Returns undefined if the request may be served. */
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
  // No answer depends on the host, and the adapter rejects IP literals that are not in the canonical form of a URL.
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
