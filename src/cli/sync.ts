import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { concat, defer, lastValueFrom, NEVER, of, tap } from 'rxjs';
import { decisions } from '../app/checking.js';
import { makeParts } from '../app/deps.js';
import { syncRound } from '../app/syncRound.js';
import { openLog } from '../clients/logger.js';
import { loadConfig, type LoadOptions } from '../config/load.js';
import type { Lane } from '../domain/peer/peer.js';
import type { SchedulerEvent } from '../events.js';
import { flushing } from '../sinks/sink.js';
import { connectNow } from './connect.js';
import { print } from './print.js';

const RECHECKED: readonly Lane[] = ['suspect', 'pending', 'unavailable'];

/** One round now over every consumer, with a bar on a terminal and a table at the end. */
export async function syncOnce(options: LoadOptions): Promise<void> {
  const { config } = await loadConfig(options);
  const logger = openLog(config.log);
  const connection = await connectNow(config.redis, Date.now);
  try {
    const parts = makeParts(config, connection.redis, logger);
    const deps = { ...parts, config$: of(config), stop$: NEVER };
    const startedAt = Date.now();
    const bar = progressBar(await parts.registry.count());
    const results = new Map<string, number>();
    const note = (event: SchedulerEvent): void => {
      if (event.kind === 'redis.failed') parts.log.accept(event);
      const result = resultOf(event);
      if (result === undefined) return;
      results.set(result, (results.get(result) ?? 0) + 1);
      bar.increment();
    };
    // Those in good standing first, as in the daemon: the sweep fills the table that the other lanes work from.
    const round$ = concat(
      syncRound(deps, 'regular', 1, config),
      ...RECHECKED.map((lane) => defer(() => syncRound(deps, lane, 1, config, Date.now() - startedAt))),
      decisions(deps, true),
      flushing(parts.sinks),
    ).pipe(tap(note));
    await lastValueFrom(round$, { defaultValue: undefined });
    bar.stop();
    await print(`${summary(results, Date.now() - startedAt)}\n`);
  } finally {
    await connection.close();
  }
}

function resultOf(event: SchedulerEvent): string | undefined {
  if (event.kind === 'peer.checked') return event.check.outcome.ok ? 'ok' : event.check.outcome.reason;
  if (event.kind === 'peer.malformed') return event.error;
  return event.kind === 'peer.discarded' ? event.why : undefined;
}

function progressBar(total: number): Pick<SingleBar, 'increment' | 'stop'> {
  if (!process.stderr.isTTY) return { increment: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {value}/{total} consumers, {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    stream: process.stderr,
  });
  bar.start(total, 0);
  return bar;
}

function summary(results: ReadonlyMap<string, number>, tookMs: number): string {
  const table = new Table({
    head: ['result', 'consumers'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right'],
  });
  const rows = [...results].sort(([a, n], [b, m]) => Number(b === 'ok') - Number(a === 'ok') || m - n);
  table.push(...rows);
  const total = rows.reduce((sum, [, n]) => sum + n, 0);
  return `${table.toString()}\n${String(total)} consumers in ${(tookMs / 1_000).toFixed(1)} s`;
}
