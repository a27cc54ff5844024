import { EventEmitter, once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { callerAddress, readBody } from '#src/wire.js';
import { misbehave, type Behaviour } from './behaviour.js';

/** A call as it came in. */
export interface Call {
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  /** The caller's address, an IPv4-mapped one as the IPv4 address that it is. */
  readonly from: string;
  readonly at: number;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface EndpointOptions {
  readonly path: string;
  readonly host: string;
  /** 0 for any free one, kept when the endpoint comes back. */
  readonly port: number;
  readonly answer: (call: Call) => Promise<Answer> | Answer;
}

/** One HTTP endpoint that takes a POST at one path, and can be told to misbehave, to vanish and to come back. */
export class Endpoint {
  readonly calls: Call[] = [];
  /** Most calls that were under way at once. */
  mostAtOnce = 0;
  #behaviour: Behaviour = 'well';
  #atOnce = 0;
  #server: Server | undefined;
  #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #changed = new EventEmitter().setMaxListeners(0);

  private constructor(private readonly options: EndpointOptions) {
    this.#port = options.port;
  }

  static async listen(options: EndpointOptions): Promise<Endpoint> {
    const endpoint = new Endpoint(options);
    await endpoint.comeBack();
    return endpoint;
  }

  get host(): string {
    return this.options.host;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
  }

  /** Stops listening and closes every connection, as a host does that loses its power. */
  async goDark(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Listens again at the same address. */
  async comeBack(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => void this.#take(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#changed.emit('change');
      });
    });
    server.listen(this.#port, this.options.host);
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Waits until the condition holds, looking whenever something changed; rejects after the time given. */
  async until(condition: (endpoint: this) => boolean, withinMs = 10_000): Promise<void> {
    const signal = AbortSignal.timeout(withinMs);
    while (!condition(this)) await once(this.#changed, 'change', { signal });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    response.once('close', () => (this.#atOnce -= 1));
    response.on('error', () => undefined);
    const body = await readBody(request).catch(() => undefined);
    if (body === undefined) {
      response.writeHead(413).end();
      return;
    }
    const { url = '/', headers, socket, method } = request;
    const from = callerAddress(socket) ?? '';
    const call: Call = { path: url, body, headers, from, at: Date.now() };
    this.calls.push(call);
    if (!misbehave(this.#behaviour, request, response)) {
      const { status, body: reply } = await this.#route(method, call);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(reply === undefined ? '' : JSON.stringify(reply));
    }
    this.#changed.emit('change');
  }

  async #route(method: string | undefined, call: Call): Promise<Answer> {
    if (call.path !== this.options.path) return { status: 404 };
    if (method !== 'POST') return { status: 405 };
    return this.options.answer(call);
  }
}
