import type { DeniedClass, Lane } from '../domain/peer/peer.js';
import { isLineEvidence, type Family, type Scope } from '../domain/ip/scope.js';
import type { EventOf, SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';

/** Maximum number of recorded outages of our own line. */
const MAX_OUTAGES = 100;
/** How long a held-back IP change is still reported after its pause. */
const HELD_SHOWN_MS = 5 * 60_000;

export interface LaneRecord {
  rounds: number;
  skipped: number;
  aborted: number;
  number: number;
  lastMs: number | undefined;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  /** Finished checks of the current round. */
  done: number;
  /** The results of the last finished round. */
  ok: number;
  failed: number;
}

export interface Reported {
  readonly since: number;
  readonly text: string;
}

/** The state of this node according to its events, in memory. The status server reads only this. */
export class Observations implements Sink {
  readonly lanes: Readonly<Record<Lane, LaneRecord>> = {
    regular: laneRecord(),
    suspect: laneRecord(),
    pending: laneRecord(),
    unavailable: laneRecord(),
  };
  readonly isolated = new Map<Scope, { readonly since: number; readonly peers: number }>();
  readonly outages: { readonly from: number; to: number | null }[] = [];
  readonly sources = new Map<
    string,
    { readonly at: number; readonly result: string; readonly answer: string | null }
  >();
  readonly redisFailing = new Map<string, { readonly since: number; readonly reason: string }>();
  readonly missingFamilies = new Map<Family, { readonly since: number; readonly peers: number }>();
  redis: { readonly up: boolean; readonly since: number | undefined; readonly reason: string | undefined };
  denied: Readonly<Partial<Record<DeniedClass, number>>> = {};
  skippingSince: number | undefined;
  ip: { readonly value: string; readonly since: number | undefined; readonly agreed: readonly string[] } | undefined;
  ipCheckedAt: number | undefined;
  ipUnknown: Reported | undefined;
  ipDisagreed: Reported | undefined;
  #ipHeld: (Reported & { readonly until: number }) | undefined;
  /** Since when acks of producers are missing, according to the events. */
  owingSince: number | undefined;
  /** The process that works on the registry while this one stands by. */
  holder:
    | {
        readonly instance: string;
        readonly host: string | null;
        readonly pid: number | null;
        readonly since: number | null;
      }
    | undefined;
  hostShortSince: number | undefined;
  clockGap: { readonly at: number; readonly gapMs: number } | undefined;
  heartbeatAt: number;
  stoppingSince: number | undefined;
  configLoadedAt: number;
  configRejected: { readonly at: number; readonly problems: readonly string[] } | undefined;
  readonly needsRestart = new Map<string, number>();
  /** The failing entries of `notify`, with the reason. */
  readonly failingNotifications = new Map<string, { readonly since: number; readonly reason: string }>();

  readonly hasUnwritten = false;

  constructor(readonly startedAt: number) {
    this.heartbeatAt = this.configLoadedAt = startedAt;
    this.redis = { up: false, since: startedAt, reason: undefined };
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  ipHeld(now: number): Reported | undefined {
    return this.#ipHeld !== undefined && now < this.#ipHeld.until ? this.#ipHeld : undefined;
  }

  // One case per kind of event.
  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'peer.checked':
        this.lanes[event.lane].done += 1;
        return;
      case 'round.started':
        Object.assign(this.lanes[event.lane], { number: event.round, startedAt: event.at, done: 0 });
        return;
      case 'round.skipped':
        this.lanes[event.lane].skipped += 1;
        if (event.lane === 'regular') this.skippingSince ??= event.at;
        return;
      case 'round.finished':
        this.#finished(event);
        return;
      case 'isolation.began':
      case 'isolation.ended':
        this.#line(event);
        return;
      case 'family.missing':
        this.missingFamilies.set(event.family, { since: event.at, peers: event.peers });
        return;
      case 'family.found':
        this.missingFamilies.delete(event.family);
        return;
      case 'clock.gap':
        this.clockGap = { at: event.at, gapMs: event.gapMs };
        return;
      case 'peer.discarded':
        if (event.why === 'local') this.hostShortSince ??= event.at;
        return;
      case 'ip.polled':
      case 'ip.unknown':
      case 'ip.disagreed':
      case 'ip.confirmed':
      case 'ip.held':
      case 'ip.changed':
        this.#publicIp(event);
        return;
      case 'announcements.added':
        this.owingSince ??= event.at;
        return;
      case 'announcements.complete':
        this.owingSince = undefined;
        return;
      case 'leader.took':
      case 'leader.unwritten':
        this.holder = undefined;
        return;
      case 'leader.standing-by':
      case 'leader.other':
      case 'leader.lost': {
        const { instance, host = null, pid = null, since = null } = event.holder;
        this.holder = { instance, host, pid, since };
        return;
      }
      case 'redis.up':
      case 'redis.down':
      case 'redis.failed':
      case 'redis.worked':
      case 'redis.caught-up':
        this.#redis(event);
        return;
      case 'heartbeat':
        this.heartbeatAt = event.at;
        return;
      case 'config.reloaded':
        this.configLoadedAt = event.at;
        this.configRejected = undefined;
        if (event.changed.includes('notify')) this.failingNotifications.clear();
        return;
      case 'config.rejected':
        this.configRejected = { at: event.at, problems: event.problems };
        return;
      case 'config.needs-restart':
        this.#waitForRestart(event);
        return;
      case 'notification.sent':
        this.failingNotifications.delete(event.target);
        return;
      case 'notification.failed':
        this.failingNotifications.set(event.target, {
          since: this.failingNotifications.get(event.target)?.since ?? event.at,
          reason: event.reason,
        });
        return;
      case 'process.stopping':
        this.stoppingSince = event.at;
        return;
      default:
    }
  }

  #waitForRestart({ keys, at }: EventOf<'config.needs-restart'>): void {
    for (const key of this.needsRestart.keys()) if (!keys.includes(key)) this.needsRestart.delete(key);
    for (const key of keys) if (!this.needsRestart.has(key)) this.needsRestart.set(key, at);
  }

  #finished({ lane, at, tookMs, aborted, local, ok, failed, denied, round, skipped }: EventOf<'round.finished'>): void {
    const record = this.lanes[lane];
    record[aborted ? 'aborted' : 'rounds'] += 1;
    Object.assign(record, {
      number: round,
      lastMs: tookMs,
      startedAt: at - tookMs,
      finishedAt: at,
      done: 0,
      ok,
      failed,
    });
    if (local === 0) this.hostShortSince = undefined;
    if (lane !== 'regular') return;
    if (!aborted && skipped === 0) this.skippingSince = undefined;
    this.denied = denied ?? {};
  }

  #line(event: EventOf<'isolation.began' | 'isolation.ended'>): void {
    const was = this.isIsolated();
    if (event.kind === 'isolation.began') this.isolated.set(event.scope, { since: event.at, peers: event.peers });
    else this.isolated.delete(event.scope);
    if (was === this.isIsolated()) return;
    const last = this.outages.at(-1);
    if (was && last !== undefined) last.to = event.at;
    else this.outages.push({ from: event.at, to: null });
    if (this.outages.length > MAX_OUTAGES) this.outages.shift();
  }

  isIsolated(): boolean {
    return [...this.isolated.values()].some(({ peers }) => isLineEvidence(peers));
  }

  #publicIp(
    event: EventOf<'ip.polled' | 'ip.unknown' | 'ip.disagreed' | 'ip.confirmed' | 'ip.held' | 'ip.changed'>,
  ): void {
    switch (event.kind) {
      case 'ip.polled':
        this.sources.set(event.source, { at: event.at, result: event.result, answer: event.answer ?? null });
        if (event.result === 'ok') this.ipCheckedAt = event.at;
        return;
      case 'ip.unknown': {
        const text =
          event.failures.map(({ source, reason }) => `${source}: ${reason}`).join(', ') || 'no source answers';
        this.ipUnknown = { since: this.ipUnknown?.since ?? event.at, text };
        this.ipDisagreed = undefined;
        return;
      }
      case 'ip.disagreed':
        this.ipDisagreed = { since: this.ipDisagreed?.since ?? event.at, text: event.answers.join(', ') };
        this.ipUnknown = undefined;
        return;
      case 'ip.confirmed':
        this.ipUnknown = this.ipDisagreed = undefined;
        this.ip = {
          value: event.ip,
          since: this.ip?.value === event.ip ? this.ip.since : undefined,
          agreed: event.agreed,
        };
        return;
      case 'ip.held':
        this.#ipHeld = {
          since: event.at,
          text: `${event.ip} is announced once it has stood for ${String(Math.round(event.quietMs / 60_000))} min`,
          until: event.at + event.quietMs + HELD_SHOWN_MS,
        };
        return;
      case 'ip.changed':
        this.#ipHeld = undefined;
        this.ip = { value: event.ip, since: event.at, agreed: this.ip?.agreed ?? [] };
        this.owingSince = event.producers > 0 ? event.at : undefined;
        return;
    }
  }

  #redis(event: EventOf<'redis.up' | 'redis.down' | 'redis.failed' | 'redis.worked' | 'redis.caught-up'>): void {
    switch (event.kind) {
      case 'redis.up':
        this.redis = { up: true, since: event.at, reason: undefined };
        return;
      case 'redis.down':
        this.redis = { up: false, since: this.redis.up ? event.at : this.redis.since, reason: event.reason };
        return;
      case 'redis.failed':
        this.redisFailing.set(event.what, {
          since: this.redisFailing.get(event.what)?.since ?? event.at,
          reason: event.reason,
        });
        return;
      case 'redis.worked':
      case 'redis.caught-up':
        this.redisFailing.delete(event.what);
        return;
    }
  }
}

function laneRecord(): LaneRecord {
  return {
    rounds: 0,
    skipped: 0,
    aborted: 0,
    number: 0,
    lastMs: undefined,
    startedAt: undefined,
    finishedAt: undefined,
    done: 0,
    ok: 0,
    failed: 0,
  };
}
