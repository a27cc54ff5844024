import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { SchedulerEvent } from '../events.js';
import { statusApp, type AppSource, type Env } from './app.js';
import { admit, baseOf, isRefusal, type Refusal } from './guard.js';

export interface ListenOptions extends AppSource {
  readonly config: () => Config;
  readonly hostName: string;
}

type Settings = Pick<Config['status'], 'host' | 'port'>;

/** A port that is taken is tried again after so long. */
const RETRY_MS = 30_000;
/** How long a client may take to send its request, and how long a connection may rest. */
const LIMITS = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const MOST_CONNECTIONS = 2_000;
/** Names under which we are asked and that are told, each once. */
const MOST_NAMES = 20;

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** The status server for as long as it is subscribed to; a port that can't be had is told, and tried again. */
export function statusServer(settings: Settings, options: ListenOptions): Observable<SchedulerEvent> {
  return new Observable((subscriber) => {
    const { wall } = options;
    const { app, streams } = statusApp(options);
    const serve = getRequestListener((request, env) => app.fetch(request, { ...env, ...admittedOf(env) }));
    const refused = new Set<string>();
    let retry: NodeJS.Timeout | undefined;
    const server = createServer(LIMITS, (request, response) => {
      const found = answer(request, response, options);
      if (found === undefined) {
        void serve(request, response);
        return;
      }
      if (found.host === undefined || refused.has(found.host) || refused.size >= MOST_NAMES) return;
      refused.add(found.host);
      subscriber.next({ kind: 'status.refused', at: wall(), host: found.host });
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on('clientError', (_, socket) => socket.destroy());
    server.on('listening', () => {
      subscriber.next({ kind: 'status.listening', at: wall(), url: urlOf(server, options.config()) });
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      const { host, port } = settings;
      subscriber.next({ kind: 'status.failed', at: wall(), host, port, reason: reasonOf(error), retryInMs: RETRY_MS });
      retry = setTimeout(listen, RETRY_MS);
    });
    const listen = (): void => {
      server.listen({ host: settings.host.replace(/^\[(.*)\]$/, '$1'), port: settings.port });
    };
    listen();
    return () => {
      clearTimeout(retry);
      streams.close();
      server.close();
      server.closeAllConnections();
    };
  });
}

const admitted = new WeakMap<IncomingMessage, { readonly base: string; readonly trusted: boolean }>();

function admittedOf(env: { readonly incoming: object }): { readonly base: string; readonly trusted: boolean } {
  return admitted.get(env.incoming as IncomingMessage) ?? { base: '', trusted: false };
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
  admitted.set(request, { base: baseOf(status.basePath), trusted: found.trusted });
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
