import { isIP } from 'node:net';
import { NO_FENCE, runFenced, type Fence, type Script } from '../clients/script.js';
import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type {
  Delivery,
  Enqueued,
  Lease,
  LeaseTerms,
  Outbox,
  ReannounceRules,
  ScanPage,
  Settled,
} from '../domain/announce/outbox.js';
import type { FailureReason } from '../domain/call/reasons.js';
import type { OwnIp } from '../domain/ip/source.js';
import type { Keys } from '../domain/keys.js';
import { ACK, ENQUEUE, LEASE, NACK, SCAN } from './scripts.js';

/** Clock corrections smaller than this do not cut a wait short. */
const CLOCK_STEP_MS = 60_000;

type Row = readonly (string | null)[];

/** The outbox in Redis. */
export class RedisOutbox implements Outbox {
  readonly #own: readonly string[];

  constructor(
    private readonly redis: RedisClient,
    private readonly keys: Keys,
    private readonly wall: () => number,
    private readonly fence: Fence = NO_FENCE,
  ) {
    this.#own = [keys.scheduler, keys.announcements, keys.producers];
  }

  async announced(): Promise<string | undefined> {
    const ip = await withTimeout(this.redis.hget(this.keys.scheduler, 'ip'));
    return ip === null || isIP(ip) === 0 ? undefined : ip;
  }

  async enqueue({ ip, agreed }: OwnIp): Promise<Enqueued> {
    const keys = [...this.#own, this.keys.ipChanges];
    const args = [ip, this.wall(), this.keys.producerPrefix, agreed.join(',')];
    const [changed, previous, producers] = (await this.#run(ENQUEUE, keys, args)) as [number, string, number];
    return { changed: changed === 1, previous: isIP(previous) === 0 ? undefined : previous, producers };
  }

  async lease(ip: string | undefined, { leaseMs, longestMs }: LeaseTerms): Promise<Lease> {
    const now = this.wall();
    const args = [now, now + leaseMs, longestMs + CLOCK_STEP_MS, this.keys.producerPrefix, ip ?? ''];
    return toLease((await this.#run(LEASE, this.#own, args)) as Row);
  }

  async scan(ip: string, { newcomers, refreshMs }: ReannounceRules, page = '0'): Promise<ScanPage> {
    const args = [page, this.wall(), this.keys.producerPrefix, ip, newcomers ? 1 : 0, refreshMs ?? ''];
    const [next, found, refreshed] = (await this.#run(SCAN, this.#own, args)) as [string, number, number];
    return { next: next === '0' ? undefined : next, newcomers: found, refreshed };
  }

  ack(delivery: Delivery, storeAddress: boolean): Promise<Settled> {
    return this.#settle(ACK, delivery, this.wall(), storeAddress ? 1 : 0);
  }

  nack(delivery: Delivery, reason: FailureReason, retryInMs: number): Promise<Settled> {
    const now = this.wall();
    return this.#settle(NACK, delivery, now, now + retryInMs, reason);
  }

  #run(step: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return runFenced(this.redis, step, {
      keys,
      args,
      lease: this.keys.leader,
      fence: this.fence,
      what: 'announcements',
    });
  }

  async #settle(step: Script, { uuid, ip, stored }: Delivery, ...args: readonly (string | number)[]): Promise<Settled> {
    const keys = [...this.#own, this.keys.producer(uuid)];
    const [pending, outdated, again] = (await this.#run(step, keys, [
      ...[uuid, ip, stored.ip ?? '', stored.port ?? ''],
      ...args,
    ])) as [number, '' | Exclude<Settled['outdated'], undefined>, number];
    return { pending, outdated: outdated === '' ? undefined : outdated, again: again === 1 };
  }
}

function toLease([kind, ...rest]: Row): Lease {
  switch (kind) {
    case 'due': {
      const [uuid, sent, ip = null, port = null, attempts = null, error = null] = rest;
      // Another program may have written to `<p>scheduler`. Only a valid address is ever sent.
      if (uuid == null || sent == null || isIP(sent) === 0) return { kind: 'empty' };
      return { kind, uuid, ip: sent, stored: { ip, port }, attempts: Number(attempts) || 0, error };
    }
    case 'dropped':
      return { kind, uuid: rest[0] ?? '' };
    case 'wait':
      return { kind, forMs: Number(rest[0]) };
    case 'stale':
      return { kind };
    default:
      return { kind: 'empty' };
  }
}
