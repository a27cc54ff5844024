import { concat, defer, EMPTY, lastValueFrom, NEVER, of, Subject, tap } from 'rxjs';
import type { Config } from '#src/config/config.js';
import { loadConfig } from '#src/config/load.js';
import { pipeline } from '#src/app/pipeline.js';
import type { PostJson, Reply } from '#src/domain/call/http.js';
import type { Family } from '#src/domain/ip/scope.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { PeerHealth, RegistryEntry } from '#src/domain/peer/peer.js';
import type { IpAnswer } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import type { Sink } from '#src/sinks/sink.js';
import { InterruptibleSleep } from '#src/state/interruptibleSleep.js';
import { RoundTrigger } from '#src/state/roundTrigger.js';
import { after } from './deps.js';
import { holding } from './holding.js';
import { ClockWatch } from '#src/state/clockWatch.js';
import { HostFamilies } from '#src/state/hostFamilies.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { SourceBreaker } from '#src/state/sourceBreaker.js';
import { PeerBook } from '#src/state/peerBook.js';
import { UndecidedFailures } from '#src/state/undecided.js';
import { MemoryOutbox } from './memoryOutbox.js';
import { advance } from './timers.js';
import { hostWith } from './hostAddresses.js';

/** How a peer behaves: its reply and how long that takes, in milliseconds, or silence. */
export type Behaviour = { readonly afterMs: number; readonly reply?: Reply } | 'silent';

export const ANSWERS: Behaviour = { afterMs: 20 };

export interface NodeSettings {
  /** Merged over a configuration with an override of the IP. */
  readonly config?: object;
  readonly families?: readonly Family[];
  /** What the source of the public IP answers, where one is configured. */
  readonly poll?: (now: number) => IpAnswer | 'silent';
  readonly sinks?: readonly Sink[];
  /** How long the registry takes from one page of 256 entries to the next. */
  readonly pageMs?: number;
}

interface Peer {
  entry: RegistryEntry;
  behaviour: (now: number) => Behaviour;
  registered: boolean;
}

/**
 * The whole pipeline over a registry in memory and peers that behave as told, in virtual time: the lanes, the evidence
 * and the rounds together. Timers have to be frozen.
 */
export class VirtualNode {
  readonly events: SchedulerEvent[] = [];
  /** When each peer was called, in milliseconds since the start. */
  readonly calls: { readonly uuid: string; readonly at: number }[] = [];
  /** Which calls came to a peer that was still being called. */
  readonly overlaps: { readonly uuid: string; readonly at: number }[] = [];
  /** The most calls that were in flight at once. */
  mostInFlight = 0;
  /** What Redis can do at a moment, in milliseconds since the start. */
  redis: (now: number) => { readonly readable: boolean; readonly writable: boolean } = () => ({
    readable: true,
    writable: true,
  });
  readonly book: PeerBook;
  readonly startedAt = Date.now();
  readonly #peers = new Map<string, Peer>();
  readonly #inFlight = new Set<string>();
  readonly #stop = new Subject<string>();
  #ended: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly config: Config,
    private readonly settings: NodeSettings,
  ) {
    this.book = new PeerBook(config.network.allow);
  }

  static async create(settings: NodeSettings = {}): Promise<VirtualNode> {
    const { config } = await loadConfig({
      file: undefined,
      env: {
        LOCAL_UUID: '00000000-0000-4000-8000-000000000000',
        ...(settings.poll === undefined ? { IP_OVERRIDE: '93.184.216.34' } : {}),
      },
      cwd: '/nonexistent',
    });
    return new VirtualNode(merged(config, settings.config ?? {}) as Config, settings);
  }

  /** Registers a peer; `health` is what an earlier run has stored. */
  add(uuid: string, ip: string, behaviour: (now: number) => Behaviour, over: Partial<RegistryEntry> = {}): void {
    const entry = { uuid, stored: { ip, port: null }, health: UNCHECKED, checkedAt: 0, reportedFault: null, ...over };
    this.#peers.set(ip, { entry, behaviour, registered: true });
  }

  /** Takes a peer out of the registry; it goes on behaving as before. */
  remove(uuid: string): void {
    for (const peer of this.#peers.values()) if (peer.entry.uuid === uuid) peer.registered = false;
  }

  /** What the registry holds of a peer's health. */
  storedHealth(uuid: string): PeerHealth | undefined {
    return [...this.#peers.values()].find(({ entry }) => entry.uuid === uuid)?.entry.health;
  }

  start(): void {
    const clockWatch = new ClockWatch(
      () => Date.now(),
      () => Date.now(),
    );
    const clock = { wall: () => Date.now(), steady: () => Date.now(), epoch: () => clockWatch.epoch() };
    const up$ = concat(of({ up: true } as const), NEVER);
    const event$ = pipeline({
      clock,
      clockWatch,
      random: () => 0.5,
      explain: String,
      pingRedis: () => Promise.resolve(),
      redisLost$: NEVER,
      redisConnected$: NEVER,
      statusServer: () => NEVER,
      reports: () => NEVER,
      ...holding(),
      registry: {
        pages: () => this.#pages(),
        read: async (uuids) => (await this.#entries()).filter(({ uuid }) => uuids.includes(uuid)),
        count: async () => (await this.#entries()).length,
      },
      post: () => this.#post,
      ipSources: () => [{ name: 'source', remote: true, lookup: (signal) => this.#lookup(signal) }],
      book: this.book,
      evidence: new OnlineEvidence(),
      undecided: new UndecidedFailures(clock.steady),
      families: new HostFamilies(() => hostWith(this.settings.families ?? ['IPv4', 'IPv6'])),
      roundTrigger: new RoundTrigger(),
      lookUps: new Map(),
      sourceBreaker: new SourceBreaker(() => 0.5),
      outbox: new MemoryOutbox([]),
      outboxSleep: new InterruptibleSleep(),
      writeBack: { settle: () => this.#write() },
      setHistory: () => undefined,
      sinks: this.settings.sinks ?? [],
      companion$: EMPTY,
      setLog: () => undefined,
      config$: concat(of(this.config), NEVER),
      configEvent$: EMPTY,
      redisHealth$: up$,
      stop$: this.#stop,
      killed$: this.#stop,
    }).pipe(tap((event) => this.events.push(event)));
    this.#ended = lastValueFrom(
      concat(
        event$,
        defer(() => EMPTY),
      ),
      { defaultValue: undefined },
    );
  }

  /** Lets so many seconds pass. */
  run(seconds: number): Promise<void> {
    return advance(seconds * 1_000, 100);
  }

  async stop(): Promise<void> {
    this.#stop.next('SIGTERM');
    await this.#ended;
  }

  /** Seconds since the start. */
  at(ms: number): number {
    return (ms - this.startedAt) / 1_000;
  }

  stateOf(uuid: string): string | undefined {
    return this.book.lastKnown(uuid)?.health.state;
  }

  /** When a peer became so, in seconds since the start; undefined where it did not. */
  when(uuid: string, state: string): number | undefined {
    for (const event of this.events) {
      if (event.kind !== 'peer.checked' || event.check.uuid !== uuid) continue;
      if (event.check.state === state && event.check.before !== state) return this.at(event.check.at);
    }
    return undefined;
  }

  of<K extends SchedulerEvent['kind']>(kind: K): Extract<SchedulerEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<SchedulerEvent, { kind: K }> => event.kind === kind);
  }

  #entries(): Promise<RegistryEntry[]> {
    if (!this.redis(Date.now() - this.startedAt).readable) return Promise.reject(new Error('unreadable'));
    const registered = [...this.#peers.values()].filter((peer) => peer.registered);
    return Promise.resolve(registered.map(({ entry }) => entry));
  }

  async *#pages(): AsyncGenerator<readonly RegistryEntry[]> {
    const entries = await this.#entries();
    for (let i = 0; i < entries.length; i += 256) {
      if (i > 0 && this.settings.pageMs !== undefined) await after(this.settings.pageMs, undefined);
      yield entries.slice(i, i + 256);
    }
  }

  #write(): Promise<readonly SchedulerEvent[]> {
    if (!this.redis(Date.now() - this.startedAt).writable) return Promise.resolve([]);
    for (const row of this.book.unwrittenRows()) {
      const peer = [...this.#peers.values()].find(({ entry }) => entry.uuid === row.uuid);
      if (peer !== undefined) peer.entry = { ...peer.entry, health: row.health, checkedAt: row.checkedAt };
      this.book.acknowledge(row);
    }
    return Promise.resolve([]);
  }

  readonly #post: PostJson = ({ url }, signal) => {
    const ip = new URL(url).hostname.replace(/^\[|\]$/g, '');
    const peer = this.#peers.get(ip);
    if (peer === undefined) return Promise.resolve({ ok: false, reason: 'unreachable' });
    const call = { uuid: peer.entry.uuid, at: Date.now() - this.startedAt };
    this.calls.push(call);
    if (this.#inFlight.has(call.uuid)) this.overlaps.push(call);
    this.#inFlight.add(call.uuid);
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight.size);
    const behaviour = peer.behaviour(call.at);
    return new Promise<Reply>((resolve) => {
      signal.addEventListener('abort', () => {
        this.#inFlight.delete(call.uuid);
        resolve({ ok: false, reason: 'aborted' });
      });
      if (behaviour === 'silent') return;
      const { afterMs, reply = { ok: true, status: 200, body: '' } } = behaviour;
      setTimeout(() => {
        this.#inFlight.delete(call.uuid);
        resolve(reply);
      }, afterMs);
    });
  };

  #lookup(signal: AbortSignal): Promise<IpAnswer> {
    const answer = this.settings.poll?.(Date.now() - this.startedAt) ?? 'silent';
    if (answer !== 'silent') return Promise.resolve(answer);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        resolve({ ok: false, reason: 'aborted' });
      });
    });
  }
}

function merged(base: unknown, over: unknown): unknown {
  if (typeof over !== 'object' || over === null || Array.isArray(over)) return over;
  const entries = Object.entries(over).map(([key, value]) => [
    key,
    merged((base as Record<string, unknown>)[key], value),
  ]);
  return { ...(base as object), ...(Object.fromEntries(entries) as object) };
}
