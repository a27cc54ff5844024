import { expect } from 'chai';
import type { ChainableCommander, Redis } from 'ioredis';
import { lastValueFrom, map, Subject, toArray } from 'rxjs';
import { redisFailure, type RedisClient } from '#src/clients/redis.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { Reply } from '#src/domain/call/http.js';
import type { StoredAddress } from '#src/domain/peer/peer.js';
import { PeerBook } from '#src/state/peerBook.js';
import type { SchedulerEvent, CheckRecord } from '#src/events.js';
import { WriteBack } from '#src/sinks/writeBack.js';
import { RegistrySource } from '#src/sources/registry.js';
import { checkPeer } from '#src/streams/sync/checkPeer.js';
import { sweep } from '#src/streams/sync/sweep.js';
import type { RedisServer } from '#swarm/redis.js';
import { keys } from '../registry.js';

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

/** The registry as the API and the verdicts make it, in plain data. */
export class RegistryModel {
  now = 1_000_000;
  redis: 'writable' | 'full' | 'down' = 'writable';
  readonly registered = new Map<string, Registered>();
  /** As of the last reading: who may be checked. */
  readonly known = new Set<string>();
  readonly checking = new Set<string>();
  /** Failures in a row of each peer, of those at the address that it had when they ended. */
  readonly failures = new Map<string, number>();
  /** Verdicts that wait for Redis, the newest of each peer. */
  readonly waiting = new Map<string, CheckRecord>();

  /** Whether a verdict is about an entry that is there, at the address that was called. */
  concerns({ uuid, called }: CheckRecord): boolean {
    const entry = this.registered.get(uuid);
    return called.ip === entry?.address.ip && called.port === (entry.address.port ?? null);
  }

  /** What a verdict makes of the entry that it concerns. */
  store(verdict: CheckRecord): void {
    const { uuid, at, outcome, counted, state, failures } = verdict;
    const written = this.registered.get(uuid)?.written;
    if (written === undefined || !this.concerns(verdict)) return;
    written.checked_at = String(at);
    delete written.error;
    if (!outcome.ok) written.error = outcome.reason;
    if (!counted) return;
    if (state === undefined) {
      delete written.state;
      delete written.state_since;
    }
    if (state !== undefined && written.state !== state) Object.assign(written, { state, state_since: String(at) });
    written.available = state === 'available' || state === 'suspect' ? '1' : '0';
    written.failures = String(failures);
    if (outcome.ok) Object.assign(written, { last_ok_at: String(at), latency_ms: '0' });
  }
}

/** One check under way: how to end it, and what came of it, written or kept. */
interface Check {
  readonly called: StoredAddress;
  readonly reply$: Subject<Reply>;
  readonly events: Promise<SchedulerEvent[]>;
}

/** The scheduler's own parts on a real Redis, with the network in the hands of the spec. */
export class RealRegistry {
  readonly table = new PeerBook();
  readonly checks = new Map<string, Check>();
  readonly sink: WriteBack;
  readonly #source: RegistrySource;
  readonly #evidence = new OnlineEvidence();
  #round = 0;

  constructor(
    readonly server: RedisServer,
    /** The API's hand. */
    readonly api: Redis,
    readonly client: RedisClient,
    private readonly model: RegistryModel,
  ) {
    this.sink = new WriteBack(client, keys, () => model.now, redisFailure);
    this.#source = new RegistrySource(client, keys);
  }

  /** The reading of a round from end to end. */
  async sweep(): Promise<void> {
    this.#round += 1;
    const { table, model } = this;
    const source = { registry: this.#source, table, self: 'us', wall: () => model.now, explain: redisFailure };
    for await (const item of sweep(source, this.#round)) expect(item).to.have.property('entry');
  }

  /** Begins a check as a lane does: of the entry as it is now, or as last known where Redis is away. */
  async begin(uuid: string): Promise<void> {
    if (this.model.redis !== 'down') {
      for (const read of await this.#source.read([uuid])) this.table.refresh(read);
    }
    const entry = this.table.get(uuid) ?? expect.fail(`${uuid} is not in the table`);
    const reply$ = new Subject<Reply>();
    const now = (): number => this.model.now;
    const check = checkPeer(
      { table: this.table, evidence: this.#evidence, clock: { wall: now, steady: () => 0, epoch: () => 0 } },
      { request: () => reply$, timeoutMs: 600_000, rules: { fall: 3, rise: 2 }, allow: ['public'], polled: true },
      'regular',
    );
    const events = lastValueFrom(check(entry).pipe(this.sink.write, toArray()));
    this.checks.set(uuid, { called: entry.stored, reply$, events });
  }

  /** Ends the check, and tells the verdict once it is written or kept. */
  async end(uuid: string, reply: Reply): Promise<CheckRecord> {
    const check = this.checks.get(uuid) ?? expect.fail(`${uuid} is not being checked`);
    this.checks.delete(uuid);
    check.reply$.next(reply);
    check.reply$.complete();
    const events = await check.events;
    const [checked] = events.filter((event) => event.kind === 'peer.checked');
    const verdict = checked?.verdict ?? expect.fail('no verdict');
    expect(verdict.called).to.deep.equal(check.called);
    return verdict;
  }

  async flush(): Promise<readonly SchedulerEvent['kind'][]> {
    return lastValueFrom(
      this.sink.flush().pipe(
        map(({ kind }) => kind),
        toArray(),
      ),
    );
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
export async function expectSame(model: RegistryModel, { api, sink }: RealRegistry): Promise<void> {
  expect(sink.unwritten, 'verdicts that wait').to.equal(model.waiting.size);
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
