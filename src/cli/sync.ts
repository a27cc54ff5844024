import { SingleBar } from 'cli-progress';
import { concat, defer, from, lastValueFrom, mergeAll, NEVER, of, tap } from 'rxjs';
import { decisions } from '../app/checking.js';
import { makeParts, type Parts } from '../app/deps.js';
import { LANES } from '../app/lanes.js';
import { syncRound } from '../app/syncRound.js';
import { openLog } from '../clients/logger.js';
import type { RedisClient } from '../clients/redis.js';
import type { Config } from '../config/config.js';
import { keysUnder } from '../domain/keys.js';
import { currentToken, holderOf } from '../leader/redisLease.js';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { nameOf } from '../domain/text/printable.js';
import type { SchedulerEvent } from '../events.js';
import { KEEPING_HISTORY } from '../sinks/historyKeeper.js';
import { describe } from '../sinks/log/describe.js';
import { describeRegistry } from '../sinks/log/describeRound.js';
import { CommandError, UsageError } from './commandError.js';
import { connectNow } from './connect.js';
import { print } from './print.js';
import { asCommandError } from './registry.js';
import { outputStyle } from './style.js';
import { table } from './table.js';

/** Maximum number of named consumers among those whose results could not be stored. */
const MAX_NAMED = 10;

/** The results of a round. */
interface Found {
  /** The last result of each called consumer. */
  readonly results: Map<string, string>;
  /** The last Redis failure of each operation. */
  readonly failures: Map<string, string>;
  /** Conditions that make results unreliable, as messages. */
  readonly warnings: Set<string>;
}

/**
 * Runs one round over every consumer now, with a progress bar on a terminal and a table at the end. Rejects with a
 * `CommandError` if results could not be stored, or if no consumer could be called.
 */
export async function syncOnce(options: LoadOptions): Promise<void> {
  const startedAt = Date.now();
  const { config } = await loadConfig(options);
  const connection = await connectNow(config.redis, Date.now);
  try {
    await warnOfDaemon(config, connection.redis);
    const parts = makeParts(config, connection.redis, openLog(config.log));
    // A second write of each entry at the end would cost as much as the first.
    parts.writeBack.writeHistoryWithVerdicts();
    const deps = { ...parts, config$: of(config), stop$: NEVER };
    const found: Found = { results: new Map(), failures: new Map(), warnings: new Set() };
    const bar = progressBar(await parts.registry.count());
    // The regular lane comes first, as in the daemon: its sweep fills the book that the other lanes use.
    const round$ = concat(
      ...LANES.map((lane) => defer(() => syncRound(deps, lane, 1, config, Date.now() - startedAt))),
      decisions(deps, true),
      defer(() => from(parts.writeBack.flushAtEnd())).pipe(mergeAll()),
    ).pipe(
      tap((event) => {
        note(found, event);
        bar.update(found.results.size);
      }),
    );
    await lastValueFrom(round$, { defaultValue: undefined });
    bar.stop();
    downgradeHistoryFailure(found);
    for (const warning of found.warnings) process.stderr.write(`warning: ${warning}\n`);
    await print(summary(found, parts, Date.now() - startedAt));
    const faults = faultsOf(found, parts);
    if (faults.length > 0) throw new CommandError(faults.join('\n'));
  } catch (error) {
    throw asCommandError(error);
  } finally {
    await connection.close();
  }
}

/**
 * Beside the daemon of our own node this is only an additional round. Beside that of another node it would be a
 * mistake.
 */
async function warnOfDaemon(config: Config, redis: RedisClient): Promise<void> {
  const keys = keysUnder(config.redis.keyPrefix);
  const token = await currentToken(redis, keys);
  if (token === undefined) return;
  const { uuid, host, pid } = await holderOf(redis, keys, token);
  const place = `host ${nameOf(host ?? 'unknown')}, pid ${String(pid ?? 'unknown')}`;
  if (uuid !== undefined && uuid !== config.uuid) {
    throw new UsageError(`another node works on this registry: uuid ${nameOf(uuid)} on ${place}`);
  }
  process.stderr.write(`warning: the scheduler on ${place} works on this registry too: this round is one more\n`);
}

function note({ results, failures, warnings }: Found, event: SchedulerEvent): void {
  switch (event.kind) {
    case 'peer.checked': {
      const { uuid, outcome } = event.check;
      results.set(uuid, outcome.ok ? 'ok' : outcome.reason);
      return;
    }
    case 'peer.discarded':
      results.set(event.uuid, event.why);
      return;
    case 'redis.failed':
      failures.set(event.what, event.reason);
      return;
    case 'redis.worked':
    case 'redis.caught-up':
      failures.delete(event.what);
      return;
    case 'isolation.began':
    case 'family.missing':
      for (const { message } of describe(event)) warnings.add(message);
      return;
    default:
  }
}

/**
 * A failed history is only a warning while the results are stored. Otherwise the failure to store them is what
 * matters.
 */
function downgradeHistoryFailure({ failures, warnings }: Found): void {
  const reason = failures.get(KEEPING_HISTORY);
  failures.delete(KEEPING_HISTORY);
  if (reason !== undefined && failures.size === 0) warnings.add(`could not confirm ${KEEPING_HISTORY}: ${reason}`);
}

function progressBar(total: number): Pick<SingleBar, 'update' | 'stop'> {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {value}/{total} consumers, {eta_formatted} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    // Restores the cursor if a signal ends the process.
    gracefulExit: true,
    clearOnComplete: true,
    stopOnComplete: false,
    stream: process.stderr,
  });
  bar.start(total, 0);
  return bar;
}

function summary({ results }: Found, { book }: Parts, tookMs: number): string {
  const counts = new Map<string, number>();
  for (const result of results.values()) counts.set(result, (counts.get(result) ?? 0) + 1);
  const rows = [...counts]
    .sort(([a, n], [b, m]) => Number(b === 'ok') - Number(a === 'ok') || m - n)
    .map(([result, n]) => [result, String(n)]);
  const tabled = table(rows, outputStyle(), { head: ['result', 'consumers'], aligns: ['left', 'right'] });
  const answered = `${String(counts.get('ok') ?? 0)} of ${String(results.size)} consumers`;
  const peers = book.counts();
  const malformed = `${String(peers.invalid)} not called: malformed in the registry (address-invalid), as \`peers list\` shows`;
  const lines = [
    ...(results.size === 0 ? [] : [tabled, `${answered} answered in ${(tookMs / 1_000).toFixed(1)} s`]),
    ...describeRegistry(peers, book.deniedClasses()).map(({ message }) => message),
    ...(peers.invalid === 0 ? [] : [malformed]),
  ];
  return `${lines.join('\n')}\n`;
}

/** The failures of a round: no consumer could be called, or results were not stored. */
function faultsOf({ results, failures }: Found, { book }: Parts): readonly string[] {
  const { denied, invalid } = book.counts();
  const reasons = [...failures].map(([what, reason]) => `could not confirm ${what}: ${reason}`);
  if (book.unwrittenCount > 0) {
    const names = [...book.unwrittenRows()].map(({ uuid }) => nameOf(uuid));
    const more = names.length > MAX_NAMED ? ` and ${String(names.length - MAX_NAMED)} more` : '';
    reasons.push(`not stored: what was found of ${names.slice(0, MAX_NAMED).join(', ')}${more}`);
  }
  if (results.size === 0 && denied + invalid > 0) reasons.push('none of the registered consumers could be called');
  return reasons;
}
