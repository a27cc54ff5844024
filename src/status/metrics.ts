import { isIP } from 'node:net';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { PRODUCER_STATES } from '../domain/announce/producerState.js';
import type { SchedulerEvent } from '../events.js';
import type { Leadership } from '../state/leadership.js';
import type { Sink } from '../sinks/sink.js';
import { LANES, type Status } from './schema.js';

const PREFIX = 'consumer_scheduler_';
const SECOND_MS = 1_000;
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ROUND_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Gauges of the library with counter names, which `promtool check metrics` rejects. */
const MISNAMED_GAUGES = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** The Prometheus metrics: counters from the events, gauges from the status. No label contains a peer. */
export class Metrics implements Sink {
  readonly #registry = new Registry();
  readonly #requests: Counter<'result'>;
  /** Checks by result that the counter does not include yet. The counter is too slow for every check. */
  readonly #uncounted = new Map<string, number>();
  readonly #duration: Histogram;
  readonly #rounds: Counter<'lane' | 'result'>;
  readonly #roundDuration: Histogram<'lane'>;
  readonly #polls: Counter<'source' | 'result'>;
  readonly #changes: Counter;
  readonly #announcements: Counter<'result'>;
  readonly #fenced: Counter<'what'>;
  /** The part of the fenced writes that the counter already includes. */
  readonly #counted = new Map<string, number>();
  readonly #takeover: Histogram;
  readonly #reloads: Counter<'result'>;
  readonly #gauges: ReturnType<typeof gauges>;

  #hasProcessMetrics = false;
  readonly hasUnwritten = false;

  constructor(
    build: { readonly version: string; readonly node: string },
    private readonly leadership: Pick<Leadership, 'fenced'>,
  ) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: `${PREFIX}sync_requests_total`,
      help: 'Health checks of consumers by what they came to.',
      labelNames: ['result'],
      registers,
    });
    this.#duration = new Histogram({
      name: `${PREFIX}sync_request_duration_seconds`,
      help: 'Time that consumers took to answer a health check.',
      buckets: REQUEST_BUCKETS,
      registers,
    });
    this.#rounds = new Counter({
      name: `${PREFIX}rounds_total`,
      help: 'Rounds by lane and by how they ended.',
      labelNames: ['lane', 'result'],
      registers,
    });
    this.#roundDuration = new Histogram({
      name: `${PREFIX}round_duration_seconds`,
      help: 'Time that a round took, its writes included.',
      labelNames: ['lane'],
      buckets: ROUND_BUCKETS,
      registers,
    });
    this.#polls = new Counter({
      name: `${PREFIX}ip_polls_total`,
      help: 'Polls of the public IP by source and result.',
      labelNames: ['source', 'result'],
      registers,
    });
    this.#changes = new Counter({ name: `${PREFIX}ip_changes_total`, help: 'Changes of the public IP.', registers });
    this.#announcements = new Counter({
      name: `${PREFIX}announcements_total`,
      help: 'Attempts to announce the IP to a producer by what they came to.',
      labelNames: ['result'],
      registers,
    });
    this.#reloads = new Counter({
      name: `${PREFIX}config_reloads_total`,
      help: 'Changes of the configuration file by what they came to.',
      labelNames: ['result'],
      registers,
    });
    this.#takeover = new Histogram({
      name: `${PREFIX}takeover_seconds`,
      help: 'Time from the last sign of a holder of the registry to its succession by this process.',
      buckets: ROUND_BUCKETS,
      registers,
    });
    this.#fenced = new Counter({
      name: `${PREFIX}fenced_writes_total`,
      help: 'Writes that Redis left out since our lease of the registry was not the one in force.',
      labelNames: ['what'],
      registers,
    });
    for (const what of ['verdicts', 'announcements', 'scheduler']) this.#fenced.inc({ what }, 0);
    this.#gauges = gauges(registers);
    new Gauge({
      name: `${PREFIX}build_info`,
      help: 'Version of the scheduler and of Node.js; always 1.',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version: build.version, node: build.node }, 1);
    // These series exist from the first scrape on, so that their rates begin at 0.
    for (const lane of LANES) {
      for (const result of ['completed', 'skipped', 'aborted']) this.#rounds.inc({ lane, result }, 0);
    }
    this.#requests.inc({ result: 'ok' }, 0);
    this.#announcements.inc({ result: 'ok' }, 0);
    for (const result of ['ok', 'rejected']) this.#reloads.inc({ result }, 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  accept(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'peer.checked': {
        const { outcome } = event.check;
        const result = outcome.ok ? 'ok' : outcome.reason;
        this.#uncounted.set(result, (this.#uncounted.get(result) ?? 0) + 1);
        if (outcome.ok) this.#duration.observe(outcome.latencyMs / SECOND_MS);
        return;
      }
      case 'round.skipped':
        this.#rounds.inc({ lane: event.lane, result: 'skipped' });
        return;
      case 'round.finished':
        this.#rounds.inc({ lane: event.lane, result: event.aborted ? 'aborted' : 'completed' });
        this.#roundDuration.observe({ lane: event.lane }, event.tookMs / SECOND_MS);
        if (event.lane === 'regular' && !event.aborted) this.#gauges.lastRound.set(event.at / SECOND_MS);
        return;
      case 'ip.polled':
        this.#polls.inc({ source: withoutAddress(event.source), result: event.result });
        return;
      case 'ip.changed':
        this.#changes.inc();
        return;
      case 'announcement.acknowledged':
        this.#announcements.inc({ result: 'ok' });
        return;
      case 'announcement.failed':
        this.#announcements.inc({ result: event.reason });
        return;
      case 'leader.took':
        if (event.afterMs !== undefined) this.#takeover.observe(event.afterMs / SECOND_MS);
        return;
      case 'config.reloaded':
        this.#reloads.inc({ result: 'ok' });
        return;
      case 'config.rejected':
        this.#reloads.inc({ result: 'rejected' });
        return;
      default:
    }
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** All metrics in the text format of Prometheus. */
  async text(status: Status): Promise<string> {
    // The process metrics sample the event loop a hundred times a second, more work than everything else when idle.
    // They start with the first scrape.
    if (!this.#hasProcessMetrics) this.#collectProcessMetrics();
    this.#fill(status);
    return this.#registry.metrics();
  }

  #collectProcessMetrics(): void {
    this.#hasProcessMetrics = true;
    collectDefaultMetrics({ register: this.#registry });
    for (const name of MISNAMED_GAUGES) this.#registry.removeSingleMetric(name);
  }

  #fill(status: Status): void {
    for (const [result, count] of this.#uncounted) this.#requests.inc({ result }, count);
    this.#uncounted.clear();
    const all = this.#gauges;
    for (const [state, count] of Object.entries(status.peers.consumers))
      all.peers.set({ kind: 'consumer', state }, count);
    const { producer_states: producers, pending, oldest_seconds: oldest } = status.announcements;
    for (const state of PRODUCER_STATES) all.peers.set({ kind: 'producer', state }, producers?.[state] ?? 0);
    all.freshness.set(status.freshness_seconds ?? 0);
    all.pending.set(pending ?? 0);
    all.oldest.set(oldest ?? 0);
    all.redis.set(status.redis.up ? 1 : 0);
    all.isolated.set(status.isolated ? 1 : 0);
    all.unwritten.set(status.redis.unwritten_verdicts);
    const { role, members, shares } = status.replicas;
    all.leader.set(role === 'leader' ? 1 : 0);
    all.replicas.set(Math.max(1, members.length));
    all.shares.set(shares?.held ?? 0);
    for (const [what, total] of this.leadership.fenced) {
      this.#fenced.inc({ what }, total - (this.#counted.get(what) ?? 0));
      this.#counted.set(what, total);
    }
  }
}

/** The label of a source never contains its URL. */
function withoutAddress(source: string): string {
  const host = source.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? source : 'url';
}

function gauges(registers: Registry[]) {
  const gauge = (name: string, help: string) => new Gauge({ name: `${PREFIX}${name}`, help, registers });
  return {
    peers: new Gauge({
      name: `${PREFIX}peers`,
      help: 'Registered peers by kind and state.',
      labelNames: ['kind', 'state'],
      registers,
    }),
    freshness: gauge(
      'freshness_seconds',
      'Time since the least recent health check of a consumer that is not unavailable.',
    ),
    lastRound: gauge('last_round_timestamp_seconds', 'When the last whole round of the regular lane ended.'),
    pending: gauge('announcements_pending', 'Producers that have not acknowledged the current IP.'),
    oldest: gauge('announcement_oldest_seconds', 'How long the longest waiting producer has waited.'),
    redis: gauge('redis_up', 'Whether Redis can be used.'),
    isolated: gauge('isolated', 'Whether this node seems to be offline.'),
    unwritten: gauge('unwritten_verdicts', 'Results that wait in memory to be written.'),
    leader: gauge('leader', 'Whether this process works on the registry.'),
    shares: gauge('shares', 'Shares of the registry that this process works on; 0 where it is not divided.'),
    replicas: gauge('replicas', 'Schedulers that work on the registry.'),
  };
}
