import { concat, EMPTY, NEVER, of } from 'rxjs';
import type { Deps } from '#src/app/deps.js';
import { schema, type Config } from '#src/config/config.js';
import type { Lease } from '#src/domain/announce/outbox.js';
import type { PostJson, PostRequest, Reply } from '#src/domain/call/http.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import type { SchedulerEvent } from '#src/events.js';
import type { Sink } from '#src/sinks/sink.js';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { holding } from './holding.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { SourceBreaker } from '#src/state/sourceBreaker.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import { entry } from './entries.js';
import { MemoryOutbox } from './memoryOutbox.js';
import { hostWith } from './hostAddresses.js';

/** Ourselves. */
export const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

/** The configuration as the program uses it; give the keys that matter as they are written in the file. */
export function configOf(keys: object = {}): Config {
  return schema.parse({ uuid: US, ...keys });
}

const AVAILABLE = { ...UNCHECKED, state: 'available' as const };

export const GOOD: Reply = { ok: true, status: 200, body: '' };
export const BUSY: Reply = { ok: false, reason: 'http-503' };

/** So many consumers that are available, each at an address of its own. */
export function consumers(count: number, over: Partial<RegistryEntry> = {}): RegistryEntry[] {
  return Array.from({ length: count }, (_, i) =>
    entry(`c${i}`, { stored: { ip: `1.1.1.${i}`, port: null }, health: AVAILABLE, checkedAt: 1, ...over }),
  );
}

/** The registry in memory. */
export class MemoryRegistry {
  /** Every reading of it. */
  readonly readings: string[] = [];
  away = false;
  /** No reading is answered from now on. */
  silent = false;
  readonly #pageSize: number;

  constructor(
    public entries: readonly RegistryEntry[] = [],
    { pageSize = 256 } = {},
  ) {
    this.#pageSize = pageSize;
  }

  async *pages(wanted: (uuid: string) => boolean = () => true): AsyncGenerator<readonly RegistryEntry[]> {
    let i = 0;
    do {
      const end = i + this.#pageSize;
      yield await this.#read('page', () => this.entries.slice(i, end).filter(({ uuid }) => wanted(uuid)));
      i = end;
    } while (i < this.entries.length);
  }

  read(uuids: readonly string[]): Promise<readonly RegistryEntry[]> {
    return this.#read(`read ${uuids.join()}`, () => this.entries.filter(({ uuid }) => uuids.includes(uuid)));
  }

  count(): Promise<number> {
    return this.#read('count', () => this.entries.length);
  }

  #read<T>(what: string, result: () => T): Promise<T> {
    this.readings.push(what);
    if (this.silent) return never();
    return this.away ? Promise.reject(new Error('away')) : Promise.resolve(result());
  }
}

/** The outbox in memory, with producers that are told apart by their port: `p8001` listens on 8001. */
export class Producers extends MemoryOutbox {
  override async lease(...terms: Parameters<MemoryOutbox['lease']>): Promise<Lease> {
    const lease = await super.lease(...terms);
    return lease.kind === 'due' ? { ...lease, stored: { ip: '1.1.1.1', port: lease.uuid.slice(1) } } : lease;
  }
}

export interface Call extends PostRequest {
  readonly at: number;
  /** How it ended; undefined while it is under way. */
  end: Reply | 'aborted' | undefined;
}

/** All peers: what they were asked, and what they answer. */
export class Peers {
  readonly calls: Call[] = [];
  /** The most calls that were under way at once. */
  most = 0;

  constructor(public answer: (call: Call) => Reply | Promise<Reply> = () => GOOD) {}

  readonly post = (): PostJson => async (request, signal) => {
    const call: Call = { ...request, at: Date.now(), end: undefined };
    this.calls.push(call);
    this.most = Math.max(this.most, this.underWay.length);
    signal.addEventListener('abort', () => (call.end = 'aborted'));
    const reply = await this.answer(call);
    call.end ??= reply;
    return reply;
  };

  get underWay(): readonly Call[] {
    return this.calls.filter(({ end }) => end === undefined);
  }

  get urls(): readonly string[] {
    return this.calls.map(({ url }) => url);
  }
}

export function after<T>(ms: number, value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, ms, value));
}

export function never(): Promise<never> {
  return new Promise(() => {});
}

/** Takes every event, and gives back at each flush what the spec says. */
export class MemorySink implements Sink {
  readonly accepted: SchedulerEvent[] = [];
  flushes = 0;
  hasUnwritten = true;

  constructor(
    private readonly onFlush: () => readonly SchedulerEvent[] | Promise<readonly SchedulerEvent[]> = () => [],
  ) {}

  accept(event: SchedulerEvent): void {
    this.accepted.push(event);
  }

  async flush(): Promise<readonly SchedulerEvent[]> {
    this.flushes += 1;
    return this.onFlush();
  }
}

/** The settings stay as they are. */
export function fixed(config: Config): Deps['config$'] {
  return concat(of(config), NEVER);
}

/** A pipeline's surroundings in which all is well and nothing happens; give what matters. */
export function fakeDeps(over: Partial<Deps> = {}): Deps {
  const wall = (): number => Date.now();
  return {
    clock: { wall, steady: wall, epoch: () => 0 },
    clockWatch: { epoch: () => 0, lastGapMs: 0 },
    random: () => 0.5,
    explain: (error) => (error as Error).message,
    pingRedis: () => Promise.resolve(),
    redisLost$: NEVER,
    redisConnected$: NEVER,
    statusServer: () => NEVER,
    reports: () => NEVER,
    ...holding(),
    registry: new MemoryRegistry(),
    post: new Peers().post,
    ipSources: () => [],
    book: new PeerBook(['public']),
    evidence: new OnlineEvidence(),
    undecided: new UndecidedFailures(wall),
    families: new HostFamilies(() => hostWith(['IPv4', 'IPv6'])),
    roundTrigger: new RoundTrigger(),
    lookUps: new Map(),
    sourceBreaker: new SourceBreaker(() => 0.5),
    outbox: new Producers([]),
    outboxSleep: new InterruptibleSleep(),
    writeBack: { settle: () => Promise.resolve([]) },
    setHistory: () => undefined,
    sinks: [],
    companion$: EMPTY,
    setLog: () => undefined,
    config$: fixed(configOf()),
    configEvent$: EMPTY,
    redisHealth$: concat(of({ up: true as const }), NEVER),
    stop$: NEVER,
    killed$: NEVER,
    ...over,
  };
}
