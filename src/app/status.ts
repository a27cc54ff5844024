import { hostname } from 'node:os';
import { distinctUntilChanged, EMPTY, from, map, switchMap, type Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Sample } from '../domain/sample.js';
import type { SchedulerEvent } from '../events.js';
import type { Sink } from '../sinks/sink.js';
import { readHistories } from '../sources/history.js';
import { readSeries } from '../sources/series.js';
import { LateSink } from '../status/lateSink.js';
import type { Metrics } from '../status/metrics.js';
import { Observations } from '../status/observations.js';
import type { Identity } from '../status/report.js';
import { version } from '../version.js';
import type { Parts, StatusInputs } from './deps.js';

/** The longest time that the status server waits for a first result. */
const LONGEST_WAIT_MS = 1_000;

/**
 * Adds the status server: two more sinks, and a source of its own. Its code is loaded only if it is enabled, and
 * beside the work, because an HTTP server, a page and the metrics take time and memory.
 */
export function withStatus(
  initial: Config,
  parts: Parts & { readonly statusInputs: StatusInputs },
  file: string | undefined,
): Parts {
  const observations = new Observations(parts.clock.wall());
  const counting = new LateSink();
  const lastKnown = new LateSink();
  let config = initial;
  if (initial.status.enabled) for (const late of [counting, lastKnown]) late.expect();
  const firstResult = new FirstResult();
  const load = once(async () => {
    await firstResult.orAfter(LONGEST_WAIT_MS);
    const loaded = await serving({ parts, observations, file, config: () => config });
    counting.attach(loaded.metrics);
    lastKnown.attach(loaded.lastKnown);
    return loaded;
  });
  return {
    ...parts,
    sinks: [...parts.sinks, observations, counting, lastKnown, firstResult],
    statusServer: (config$) =>
      config$.pipe(
        map((next) => {
          config = next;
          return next.status.enabled;
        }),
        distinctUntilChanged(),
        switchMap((enabled) => (enabled ? from(load()).pipe(switchMap(({ server$ }) => server$)) : EMPTY)),
      ),
  };
}

/** Recognises the first result of a check. Loading the server before it would delay the first call. */
class FirstResult implements Sink {
  readonly hasUnwritten = false;
  #see: () => void = () => undefined;
  readonly #seen = new Promise<void>((resolve) => (this.#see = resolve));

  accept({ kind }: SchedulerEvent): void {
    if (kind === 'peer.checked' || kind === 'peer.undecided') this.#see();
  }

  flush(): Promise<readonly SchedulerEvent[]> {
    return Promise.resolve([]);
  }

  /** Resolves with the first result, or after this time: there may be no peer, or this process may stand by. */
  async orAfter(ms: number): Promise<void> {
    const over = setTimeout(this.#see, ms).unref();
    await this.#seen;
    clearTimeout(over);
  }
}

interface Served {
  readonly parts: Parts & { readonly statusInputs: StatusInputs };
  readonly observations: Observations;
  readonly file: string | undefined;
  readonly config: () => Config;
}

async function serving({ parts, observations, file, config }: Served): Promise<{
  readonly metrics: Metrics;
  readonly lastKnown: Sink;
  readonly server$: Observable<SchedulerEvent>;
}> {
  const [{ LastKnown }, { statusServer }, { Metrics }, { PeerPages }, { RegistryView }, { Report }] = await Promise.all(
    [
      import('../status/lastKnown.js'),
      import('../status/listen.js'),
      import('../status/metrics.js'),
      import('../status/peerPages.js'),
      import('../status/registryView.js'),
      import('../status/report.js'),
    ],
  );
  const { clock, book, statusInputs, leadership, sharing } = parts;
  const { redis, keys, feed, series } = statusInputs;
  const { wall, steady } = clock;
  const hostName = hostname();
  const metrics = new Metrics({ version, node: process.version }, leadership);
  const identity: Identity = {
    uuid: config().uuid,
    version,
    node: process.version,
    instance: statusInputs.instance,
    host: hostName,
    pid: process.pid,
    configFile: file,
  };
  const registry = new RegistryView(redis, keys, wall, steady, () => config().network.allow, sharing !== undefined);
  const source = { ...statusInputs, identity, config, book, observations, registry, leadership, sharing, wall };
  const pages = new PeerPages({
    ...{ ...source, steady },
    readAll: () => parts.registry.pages(() => true),
    readEntries: (uuids) => parts.registry.read(uuids),
    readHistories: (uuids) => readHistories(redis, keys, uuids),
  });
  const samples = (since: number, until: number): Promise<readonly Sample[]> =>
    readSeries(redis, keys, since, until).catch(() => series.recent(since, until));
  const options = { report: new Report(source), pages, metrics, feed, samples, version, wall, config, hostName };
  return { metrics, lastKnown: new LastKnown(registry, steady), server$: statusServer(config().status, options) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
