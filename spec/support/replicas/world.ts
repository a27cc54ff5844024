import { concat, defer, EMPTY, NEVER, of, Subject, type Subscription } from 'rxjs';
import { pipeline } from '#src/app/pipeline.js';
import type { Config } from '#src/config/config.js';
import type { PostJson, Reply } from '#src/domain/call/http.js';
import { UNCHECKED, type HealthRules } from '#src/domain/peer/health.js';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import { shareOf } from '#src/domain/share.js';
import type { SchedulerEvent } from '#src/events.js';
import { Candidacy } from '#src/leader/candidacy.js';
import { DividedShares } from '#src/replicas/dividedShares.js';
import { ReplicaFields } from '#src/sinks/replicaFields.js';
import type { Sink } from '#src/sinks/sink.js';
import { ClockWatch } from '#src/state/clockWatch.js';
import { Leadership } from '#src/state/leadership.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { PeerBook } from '#src/state/peerBook.js';
import { VantagePoint } from '#src/state/vantagePoint.js';
import { configOf, fakeDeps, fixed, US } from '../deps.js';
import { MemoryLease } from '../memoryLease.js';
import { advance } from '../timers.js';
import { MemoryShareServer } from './memoryEngine.js';

export const INTERVAL_MS = 10_000;
export const LEASE_MS = 2_000;
export const TIMEOUT_MS = 500;
export const SHARES = 16;
const ANSWER_MS = 20;
export const RULES: HealthRules = { fall: 3, rise: 1 };

interface Peer {
  entry: RegistryEntry;
  answers: boolean;
  /** The tokens under which results of it were written, each once in a row. */
  readonly tokens: string[];
  /** What was wrong with a write, if anything was. */
  readonly wrongs: string[];
}

export interface VirtualReplica {
  readonly name: string;
  readonly shares: DividedShares;
  readonly leadership: Leadership;
  readonly events: SchedulerEvent[];
  cut: boolean;
  /** Sets its wall clock so many milliseconds ahead of the others'. */
  setClock(aheadMs: number): void;
  stop(): void;
  kill(): void;
}

/** Replicas on one registry, their Redis and their peers, all of it in memory and in virtual time. Timers have to be frozen. */
export class ReplicaWorld {
  readonly calls: { readonly uuid: string; readonly at: number; readonly by: string }[] = [];
  readonly peers = new Map<string, Peer>();
  readonly alive = new Map<string, VirtualReplica>();
  readonly server = new MemoryShareServer(() => Date.now(), SHARES, LEASE_MS);
  redisIsUp = true;
  lineIsUp = true;
  readonly #lease = new MemoryLease(() => Date.now(), LEASE_MS);
  readonly #all: Subscription[] = [];
  readonly #config: Config = configOf({
    sync: { interval: INTERVAL_MS, timeout: TIMEOUT_MS, suspectInterval: 3_000 },
    publicIp: { override: '93.184.216.34' },
    availability: RULES,
    replicas: { enabled: true, shares: SHARES, lease: LEASE_MS },
  });
  #started = 0;

  constructor(peers: number) {
    for (let i = 0; i < peers; i += 1) {
      const uuid = `aaaaaaaa-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
      const stored = { ip: `1.1.${String(Math.floor(i / 250))}.${String(1 + (i % 250))}`, port: null };
      const health = { ...UNCHECKED, state: 'available' as const };
      const entry = { uuid, stored, health, checkedAt: Date.now() - INTERVAL_MS, reportedFault: null };
      this.peers.set(uuid, { entry, answers: true, tokens: [], wrongs: [] });
    }
  }

  /** Starts another replica. */
  join(): VirtualReplica {
    this.#started += 1;
    const name = `r${String(this.#started)}`;
    const stop$ = new Subject<string>();
    const steady = (): number => Date.now();
    let aheadMs = 0;
    const wall = (): number => Date.now() + aheadMs;
    const clock = { wall, steady };
    const clockWatch = new ClockWatch(steady, wall);
    const evidence = new OnlineEvidence();
    const book = new PeerBook(['public'], (scope) => evidence.generation(scope));
    const leadership = new Leadership();
    const reach = (): Promise<void> =>
      this.redisIsUp && !replica.cut ? Promise.resolve() : Promise.reject(new Error('away'));
    const shares = new DividedShares({
      ...{ engine: this.server.engine(reach), membership: this.server.membership(name, SHARES, reach) },
      ...{ instance: name, count: SHARES, leaseMs: LEASE_MS, clock },
      isBusyWith: (wanted) => book.isBusyWith(wanted),
      refused: leadership.fence.refused,
    });
    const lease = this.#lease.of(name, { uuid: US, shares: true });
    const candidacy = new Candidacy({
      lease: {
        beat: (options) => reach().then(() => lease.beat(options)),
        current: () => reach().then(() => lease.current()),
        holder: (token) => reach().then(() => lease.holder(token)),
        release: (token) => reach().then(() => lease.release(token)),
      },
      ...{ leadership, leaseMs: LEASE_MS, instance: name, uuid: US, onForeign: 'standby', shares: true },
      ...{ mayTake: () => true, identity: undefined, steady, explain: String },
    });
    const fields = new ReplicaFields({}, () => book.size);
    const sharing = {
      shares,
      fields,
      vantagePoint: new VantagePoint(steady, () => INTERVAL_MS),
      works: false,
      pollMs: INTERVAL_MS,
    };
    const write = (): Promise<readonly SchedulerEvent[]> => this.#write(book, shares, reach);
    const sink: Sink = {
      accept: (event) => {
        replica.events.push(event);
        fields.accept(event);
      },
      get hasUnwritten() {
        return book.unwrittenCount > 0;
      },
      flush: write,
    };
    const replica: VirtualReplica = {
      ...{ name, shares, leadership, events: [], cut: false },
      setClock: (ms) => {
        aheadMs = ms;
      },
      stop: () => {
        this.alive.delete(name);
        stop$.next('SIGTERM');
      },
      kill: () => {
        this.alive.delete(name);
        replica.cut = true;
        subscription.unsubscribe();
      },
    };
    const deps = fakeDeps({
      ...{ clock: { ...clock, epoch: () => clockWatch.epoch() }, clockWatch, config$: fixed(this.#config) },
      registry: {
        pages: (wanted) => this.#pages(wanted, reach),
        read: async (uuids) => (await this.#entries(reach)).filter(({ uuid }) => uuids.includes(uuid)),
        count: async () => (await this.#entries(reach)).length,
      },
      post: () => this.#postBy(replica),
      ...{ book, evidence, shares, sharing, leadership, candidacy, leaseMs: LEASE_MS },
      ...{ writeBack: { settle: write }, sinks: [sink], stop$, killed$: NEVER, companion$: EMPTY },
      redisHealth$: concat(of({ up: true as const }), NEVER),
    });
    const subscription = defer(() => pipeline(deps)).subscribe();
    this.#all.push(subscription);
    this.alive.set(name, replica);
    return replica;
  }

  run(ms: number): Promise<void> {
    return advance(ms, 100);
  }

  end(): void {
    for (const one of this.#all) one.unsubscribe();
  }

  /** Redis comes back without its data; the registry is the API's, and is there again. */
  empty(): void {
    this.server.empty();
    this.#lease.empty();
  }

  async #entries(reach: () => Promise<void>): Promise<RegistryEntry[]> {
    await reach();
    return [...this.peers.values()].map(({ entry }) => entry);
  }

  async *#pages(
    wanted: (uuid: string) => boolean,
    reach: () => Promise<void>,
  ): AsyncGenerator<readonly RegistryEntry[]> {
    yield (await this.#entries(reach)).filter(({ uuid }) => wanted(uuid));
  }

  /** As the script does: a row is written where the lock of its share holds the token. */
  async #write(book: PeerBook, shares: DividedShares, reach: () => Promise<void>): Promise<readonly SchedulerEvent[]> {
    const rows = [...book.unwrittenRows()].flatMap((row) => {
      const guard = shares.guardOf(row.uuid);
      return guard === undefined ? [] : [{ row, guard }];
    });
    try {
      await reach();
    } catch {
      return [];
    }
    for (const { row, guard } of rows) {
      const peer = this.peers.get(row.uuid);
      if (peer === undefined) continue;
      if (this.server.held(shareOf(row.uuid, SHARES)) !== guard.token) {
        shares.refused('verdicts', [guard]);
        continue;
      }
      const before = peer.entry.health;
      const { failures } = row.health;
      // A counted failure is forgotten by an answer alone.
      if (failures > 0 && failures < before.failures) peer.wrongs.push(`failures fell to ${String(failures)}`);
      if (peer.tokens.at(-1) !== guard.token) peer.tokens.push(guard.token);
      peer.entry = { ...peer.entry, health: { ...row.health, countedGeneration: 0 }, checkedAt: row.checkedAt };
      book.acknowledge(row);
    }
    return [];
  }

  #postBy(replica: VirtualReplica): PostJson {
    return ({ url }, signal) => {
      const ip = new URL(url).hostname;
      const [uuid, peer] = [...this.peers].find(([, { entry }]) => entry.stored.ip === ip) ?? [];
      if (uuid === undefined || peer === undefined) throw new Error(`nobody is at ${ip}`);
      this.calls.push({ uuid, at: Date.now(), by: replica.name });
      return new Promise<Reply>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve({ ok: false, reason: 'aborted' });
        });
        if (peer.answers && this.lineIsUp) setTimeout(resolve, ANSWER_MS, { ok: true, status: 200, body: '' });
      });
    };
  }
}
