import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redis } from 'ioredis';
import { UUID } from '#src/domain/peer/uuid.js';
import { callerAddress, parseCall, readBody, syncCall, verify } from '#src/wire.js';
import { keys } from './registry.js';

/** What a consumer API may get wrong, each the only fault of an API that is right in all else. */
export type ApiFault =
  | 'answers in another name'
  | 'echoes the caller'
  | 'names itself anew each time'
  | 'believes x-forwarded-for'
  | 'writes the entry anew'
  | 'answers before it stores'
  | 'never stores'
  | 'fails at bad JSON'
  | 'ends at bad JSON'
  | 'takes any uuid'
  | 'takes any ip'
  | 'ignores the override'
  | 'stores seconds'
  | 'stores the source port'
  | 'stores mapped addresses'
  | 'checks no signature'
  | 'checks no time'
  | 'takes one digest alone'
  | 'redirects'
  | 'is too long'
  | 'is silent'
  | 'takes one at a time'
  | 'takes a GET'
  | 'refuses unknown fields'
  | 'is strange to IPv6'
  | 'stores what it refuses'
  | 'ends at a cut body'
  | 'ends at a large body';

interface Call {
  readonly uuid: string;
  readonly ip?: string | undefined;
}

export interface BrokenApiOptions {
  readonly uuid: string;
  readonly redis: Redis;
  readonly fault: ApiFault;
  readonly secret?: string;
}

/** Slow enough that another answer is there sooner. */
const SLOW_MS = 150;
const STRANGE = '00000000-0000-4000-8000-000000000000';

/** A consumer API with one fault. */
export class BrokenApi {
  readonly #server: Server;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly options: BrokenApiOptions) {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(options: BrokenApiOptions): Promise<BrokenApi> {
    const api = new BrokenApi(options);
    // An IPv4 caller comes to it in its IPv4-mapped form.
    await once(api.#server.listen(0, '::'), 'listening');
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close().closeAllConnections();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    if (this.#is('is silent')) return;
    if (this.#is('takes one at a time')) {
      this.#last = this.#last.then(() => new Promise((resolve) => setTimeout(resolve, SLOW_MS)));
      await this.#last;
    }
    const [status, body = '', later] = await this.#answer(request).catch(() => [500] as const);
    response.writeHead(status, status === 302 ? { location: '/' } : {}).end(body);
    if (later !== undefined) setTimeout(() => void later(), SLOW_MS);
  }

  async #answer(request: IncomingMessage): Promise<readonly [number, string?, (() => Promise<unknown>)?]> {
    const { secret } = this.options;
    if (request.method !== 'POST') return this.#is('takes a GET') ? [200] : [405];
    if (this.#is('redirects')) return [302];
    const text = await readBody(request).catch(() => {
      this.#end('ends at a cut body');
      return '';
    });
    if (text === undefined) {
      this.#end('ends at a large body');
      return [413];
    }
    if (secret !== undefined && !this.#isProven(request, secret, text)) return [401];
    const call = this.#read(text);
    if (call === undefined) return [400];
    const from = this.#is('stores mapped addresses') ? request.socket.remoteAddress : callerAddress(request.socket);
    const store = (): Promise<unknown> => this.#store(request, call, from);
    const body = JSON.stringify({
      uuid: this.#name(call.uuid),
      ...(this.#is('is too long') ? { more: '.'.repeat(70_000) } : {}),
    });
    if (this.#is('answers before it stores')) return [200, body, store];
    if (!this.#is('never stores')) await store();
    return [200, body];
  }

  #read(text: string): Call | undefined {
    if (this.#is('fails at bad JSON')) JSON.parse(text);
    const call = parseCall(syncCall, text);
    const loose = objectIn(text);
    if (loose === undefined) this.#end('ends at bad JSON');
    if (this.#is('takes any uuid') && typeof loose?.uuid === 'string' && !UUID.test(loose.uuid))
      return { uuid: loose.uuid };
    if (this.#is('takes any ip') && typeof loose?.uuid === 'string' && call === undefined) {
      return parseCall(syncCall, JSON.stringify({ uuid: loose.uuid })) && { uuid: loose.uuid, ip: String(loose.ip) };
    }
    if (this.#is('refuses unknown fields') && Object.keys(loose ?? {}).some((name) => !/^(uuid|ip)$/.test(name)))
      return undefined;
    if (this.#is('is strange to IPv6') && call?.ip?.includes(':') === true) return undefined;
    if (this.#is('stores what it refuses') && call === undefined && typeof loose?.uuid === 'string') {
      void this.options.redis.hset(keys.consumer(loose.uuid), { ip: '1.1.1.1' });
    }
    return call;
  }

  async #store(request: IncomingMessage, call: Call, from?: string): Promise<void> {
    const { redis } = this.options;
    const { socket, headers } = request;
    const key = keys.consumer(call.uuid);
    const forwarded = this.#is('believes x-forwarded-for') ? headers['x-forwarded-for'] : undefined;
    const override = this.#is('ignores the override') ? undefined : call.ip;
    if (this.#is('writes the entry anew')) await redis.del(key);
    await redis.hset(key, {
      ip: override ?? String(forwarded ?? from),
      last_seen: this.#is('stores seconds') ? Math.floor(Date.now() / 1_000) : Date.now(),
      ...(this.#is('stores the source port') ? { port: socket.remotePort ?? 0 } : {}),
    });
    await redis.sadd(keys.consumers, call.uuid);
  }

  #name(caller: string): string {
    if (this.#is('answers in another name')) return STRANGE;
    if (this.#is('names itself anew each time')) return randomUUID();
    return this.#is('echoes the caller') ? caller : this.options.uuid;
  }

  #isProven({ headers }: IncomingMessage, secret: string, body: string): boolean {
    const header = String(headers['x-consumer-signature']);
    if (this.#is('checks no signature')) return true;
    if (this.#is('takes one digest alone') && header.split('v1=').length > 2) return false;
    const signedAt = Number(/t=(\d+)/.exec(header)?.[1]) * 1_000;
    return verify(secret, { headers, body, at: this.#is('checks no time') ? signedAt : Date.now() });
  }

  #is(fault: ApiFault): boolean {
    return this.options.fault === fault;
  }

  /** Ends the whole API, where that is its fault. */
  #end(fault: ApiFault): undefined {
    if (this.#is(fault)) this.stop();
  }
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
