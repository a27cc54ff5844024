import { expect } from 'chai';
import type { ChainableCommander, Redis } from 'ioredis';
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  from,
  lastValueFrom,
  mergeAll,
  of,
  Subject,
  toArray,
  type Observable,
} from 'rxjs';
import { redisFailure, type RedisClient } from '#src/clients/redis.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import type { StoredAddress } from '#src/domain/peer/peer.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import type { SchedulerEvent, CheckRecord } from '#src/events.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { RegistrySource } from '#src/sources/registry.js';
import { checkPeer, type CheckOptions } from '#src/streams/sync/checkPeer.js';
import { decide } from '#src/streams/sync/decide.js';
import { sweep } from '#src/streams/sync/sweep.js';
import type { RedisServer } from '#swarm/redis.js';
import { keys } from '../registry.js';
import { ALL } from '../shares.js';
import { hostWith } from '../hostAddresses.js';

export interface Address {
  readonly ip: string;
  readonly port?: string;
}

/** A consumer as it has to stand in Redis. */
export interface Registered {
  address: Address;
  /** What the scheduler has written since the API registered it. */
  written: Record<string, string>;
}

/** What waits to be written of one consumer: all that its checks found since the last write. */
export interface Waiting {
  verdict: boolean;
  checkedAt: number;
  error: string | undefined;
  state: string | undefined;
  failures: number;
  /** When the state last changed; undefined where it did not. */
  stateAt: number | undefined;
  okAt: number | undefined;
  results: string;
}

/** The registry as the API and the verdicts make it, in plain data. */
export class RegistryModel {
  now = 1_000_000;
  redis: 'writable' | 'full' | 'down' = 'writable';
  readonly registered = new Map<string, Registered>();
  /** As of the last reading: which consumers may be checked, and at which address. */
  readonly known = new Map<string, Address>();
  readonly checking = new Set<string>();
  /** Failures in a row of each peer, of those at the address that it had when they ended. */
  readonly failures = new Map<string, number>();
  readonly waiting = new Map<string, Waiting>();
  /** From a write that failed until all is written: nothing waits for Redis meanwhile. */
  failing = false;

  /** The entry is read: what was found at another address is forgotten. */
  read(uuid: string): void {
    const address = this.registered.get(uuid)?.address;
    const before = this.known.get(uuid);
    if (address === undefined || (before !== undefined && !isSame(address, before))) this.waiting.delete(uuid);
    if (address === undefined) this.known.delete(uuid);
    else this.known.set(uuid, address);
  }

  /** Whether that is the address that the peer has as far as is known. */
  isKnownAt(uuid: string, called: StoredAddress): boolean {
    const address = this.known.get(uuid);
    return address?.ip === called.ip && (address.port ?? null) === called.port;
  }

  /** What a check found waits. */
  record({ uuid, at, outcome, counted, before, state, failures }: CheckRecord): void {
    const row = this.waiting.get(uuid) ?? {
      verdict: false,
      checkedAt: at,
      error: undefined,
      state: undefined,
      failures: 0,
      stateAt: undefined,
      okAt: undefined,
      results: '',
    };
    this.waiting.set(uuid, row);
    Object.assign(row, { checkedAt: at, error: outcome.ok ? undefined : outcome.reason });
    if (outcome.ok) row.okAt = at;
    row.results += outcome.ok ? '.' : counted ? 'x' : '-';
    if (!counted) return;
    if (state !== before) row.stateAt = at;
    Object.assign(row, { verdict: true, state, failures });
  }

  /** Whether an entry is there, at the address that is known. */
  concerns(uuid: string): boolean {
    const [entry, address] = [this.registered.get(uuid), this.known.get(uuid)];
    return entry !== undefined && address !== undefined && isSame(entry.address, address);
  }

  /** Everything that waits is written to the entries that it concerns. */
  write(): void {
    for (const [uuid, row] of this.waiting) {
      const written = this.registered.get(uuid)?.written;
      if (written === undefined || !this.concerns(uuid)) continue;
      const { checkedAt, error, verdict, state, failures, okAt, stateAt } = row;
      written.checked_at = String(checkedAt);
      written.recent = ((written.recent ?? '') + row.results).slice(-60);
      delete written.error;
      if (error !== undefined) written.error = error;
      if (!verdict) continue;
      if (state === undefined) {
        delete written.state;
        delete written.state_since;
      } else if (written.state !== state) {
        Object.assign(written, { state, state_since: String(stateAt ?? checkedAt) });
      }
      written.available = state === 'available' || state === 'suspect' ? '1' : '0';
      written.failures = String(failures);
      if (okAt !== undefined) Object.assign(written, { last_ok_at: String(okAt), latency_ms: '0' });
    }
    this.waiting.clear();
    this.failing = false;
  }

  /** Whether a write of all that waits would fail. */
  refuses(): boolean {
    return (
      this.redis === 'down' || (this.redis === 'full' && [...this.waiting.keys()].some((one) => this.concerns(one)))
    );
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.ip === b.ip && a.port === b.port;
}

/** One check under way: how to end it, and what came of it, written or kept. */
interface Check {
  readonly called: StoredAddress;
  readonly reply$: Subject<Reply>;
  readonly events: Promise<SchedulerEvent[]>;
}

/** The scheduler's own parts on a real Redis, with the network in the hands of the spec. */
export class RealRegistry {
  readonly book = new PeerBook(['public']);
  readonly checks = new Map<string, Check>();
  readonly sink: WriteBack;
  readonly #source: RegistrySource;
  /** Each reading lies so far behind the last one that the next question may be asked at once. */
  readonly #undecided = new UndecidedFailures(() => (this.#readings += 10_000));
  readonly #options: Omit<CheckOptions, 'request'>;
  #readings = 0;
  #round = 0;

  constructor(
    readonly server: RedisServer,
    /** The API's hand. */
    readonly api: Redis,
    readonly client: RedisClient,
    private readonly model: RegistryModel,
  ) {
    this.sink = new WriteBack(client, keys, this.book, () => model.now, redisFailure);
    this.#source = new RegistrySource(client, keys);
    this.#options = {
      book: this.book,
      shares: ALL,
      evidence: new OnlineEvidence(),
      undecided: this.#undecided,
      families: new HostFamilies(() => hostWith(['IPv4'])),
      clock: { wall: () => model.now, steady: () => 0, epoch: () => 0 },
      timeoutMs: 600_000,
      rules: { fall: 3, rise: 2 },
      polledScope: undefined,
    };
  }

  /** The reading of a round from end to end. */
  async sweep(): Promise<void> {
    this.#round += 1;
    const { book, model } = this;
    const clock = { wall: () => model.now, steady: () => 0 };
    const source = {
      registry: this.#source,
      book,
      shares: ALL,
      self: 'us',
      clock,
      roundTrigger: new RoundTrigger(),
      explain: redisFailure,
    };
    for await (const items of sweep(source, this.#round, 60_000)) {
      for (const item of items) expect(item).to.have.property('entry');
    }
  }

  /** Begins a check as a lane does: of the entry as it is now, or as last known where Redis is away. */
  async begin(uuid: string): Promise<void> {
    if (this.model.redis !== 'down') {
      for (const read of await this.#source.read([uuid])) this.book.refresh(read);
    }
    const entry = this.book.lastKnown(uuid) ?? expect.fail(`${uuid} is not in the book`);
    const reply$ = new Subject<Reply>();
    const check = checkPeer({ ...this.#options, request: () => reply$ }, 'regular');
    const events = lastValueFrom(this.#written(check(entry)).pipe(toArray()));
    this.checks.set(uuid, { called: entry.stored, reply$, events });
  }

  /**
   * Ends the check. Resolves to what it found, undefined where the book does not take it, and to the address called, once
   * that is written or kept.
   */
  async end(uuid: string, reply: Reply): Promise<readonly [CheckRecord | undefined, StoredAddress]> {
    const check = this.checks.get(uuid) ?? expect.fail(`${uuid} is not being checked`);
    this.checks.delete(uuid);
    check.reply$.next(reply);
    check.reply$.complete();
    const events = await check.events;
    const undecided = events.some(({ kind }) => kind === 'peer.undecided');
    const [checked] = (undecided ? await this.#decide() : events).filter((event) => event.kind === 'peer.checked');
    return [checked?.check, check.called];
  }

  /** What happens where every witness that is asked stays silent, and the calls under way take too long. */
  async #decide(): Promise<readonly SchedulerEvent[]> {
    const question = await this.#undecided.questions(new AbortController().signal).next();
    if (question.done === true) return expect.fail('no question');
    const options = { ...this.#options, timeoutMs: 0, request: () => EMPTY, pollIp: EMPTY, readAgain: () => EMPTY };
    return lastValueFrom(this.#written(decide(options)(question.value)).pipe(toArray()));
  }

  #written(event$: Observable<SchedulerEvent>): Observable<SchedulerEvent> {
    const written$ = defer(() => from(this.sink.settle())).pipe(mergeAll());
    return event$.pipe(concatMap((event) => concat(written$, of(event))));
  }

  async flush(): Promise<readonly SchedulerEvent['kind'][]> {
    return (await this.sink.flush()).map(({ kind }) => kind);
  }

  /** A change of the API, which goes on where the scheduler may write no more. */
  async change(work: ChainableCommander): Promise<void> {
    await this.api.config('SET', 'maxmemory', '0');
    await work.exec();
    await this.fill();
  }

  /** Takes the room for anything more, where the model has it so. */
  async fill(): Promise<void> {
    await this.api.config('SET', 'maxmemory', this.model.redis === 'full' ? '1' : '0');
  }

  /** Ends what is still under way. */
  close(): void {
    for (const { reply$ } of this.checks.values()) reply$.complete();
  }
}

/** Redis holds what the API and the verdicts about its entries made it, and nothing else; no entry contradicts itself. */
export async function expectSame(model: RegistryModel, { api, book }: RealRegistry): Promise<void> {
  expect(book.unwrittenCount, 'rows that wait').to.equal(model.waiting.size);
  if (model.redis === 'down') return;
  const uuids = [...model.registered.keys()];
  expect(await api.smembers(keys.consumers)).to.have.members(uuids);
  expect(await api.keys('*'), 'nothing is created').to.have.members([
    ...uuids.map(keys.consumer),
    ...(uuids.length > 0 ? [keys.consumers] : []),
  ]);
  for (const [uuid, { address, written }] of model.registered) {
    const entry = await api.hgetall(keys.consumer(uuid));
    expect(entry, uuid).to.deep.equal({ ...address, ...written });
    expectConsistent(entry);
  }
}

function expectConsistent({ state, available, failures, error }: Readonly<Record<string, string | undefined>>): void {
  expect(available === '1').to.equal(state === 'available' || state === 'suspect');
  if (state === 'available') expect(failures).to.equal('0');
  if (state === 'suspect') expect(failures).to.be.oneOf(['1', '2']);
  if (Number(failures ?? 0) > 0) expect(error).to.be.a('string');
}
