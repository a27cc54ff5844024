import { setTimeout as delay } from 'node:timers/promises';
import { redisFailure } from '../clients/redis.js';
import type { LoadOptions } from '../config/load.js';
import { describeFolded, foldEntries, type FoldedEntry, type StreamEntry } from '../domain/text/entryWords.js';
import { escaped } from '../domain/text/printable.js';
import { print } from './print.js';
import { withRegistry, type Registry } from './registry.js';
import { marked, outputStyle, tinted, type Style, type Tint } from './style.js';

export interface EventOptions {
  /** Continues with new events, until `stop`. */
  readonly follow: boolean;
  readonly json: boolean;
  /** The number of past events. */
  readonly limit: number;
}

interface Entry extends StreamEntry {
  /** The stream id. */
  readonly id: string;
}

const POLL_MS = 1_000;
/** Entries per read. */
const PAGE = 500;

/** Prints the journal, oldest first: the last entries, and with `follow` each new one. */
export async function showEvents(options: LoadOptions, events: EventOptions, stop: AbortSignal): Promise<void> {
  const style = outputStyle();
  const show = (entries: readonly Entry[]): Promise<boolean> => printEntries(entries, events.json, style);
  await withRegistry(options, async (registry) => {
    const past = await lastEntries(registry, events.limit);
    if (past.length === 0 && !events.json && !events.follow) await print('nothing has happened yet\n');
    const wanted = past.length === 0 || events.limit === 0 || (await show(past));
    if (events.follow && wanted) await follow(registry, past.at(-1)?.id ?? '0', show, stop);
  });
}

/** Follows the stream. An outage of Redis is reported at its begin and at its end, and reads continue after it. */
async function follow(
  { redis, keys }: Registry,
  since: string,
  show: (entries: readonly Entry[]) => Promise<boolean>,
  stop: AbortSignal,
): Promise<void> {
  let last = since;
  let lastFailure = '';
  while (!stop.aborted) {
    try {
      const [[, found] = ['', []]] = (await redis.xread('COUNT', PAGE, 'STREAMS', keys.events, last)) ?? [];
      if (lastFailure !== '') process.stderr.write('Redis is there again\n');
      lastFailure = '';
      last = found.at(-1)?.[0] ?? last;
      if (found.length > 0 && !(await show(found.map(toEntry)))) return;
      if (found.length === PAGE) continue;
    } catch (error) {
      const reason = redisFailure(error);
      if (reason !== lastFailure) process.stderr.write(`Redis can't be used: ${reason}\n`);
      lastFailure = reason;
    }
    await delay(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

async function lastEntries({ redis, keys }: Registry, limit: number): Promise<Entry[]> {
  return (await redis.xrevrange(keys.events, '+', '-', 'COUNT', Math.max(limit, 1))).map(toEntry).reverse();
}

function toEntry([id, fields]: readonly [string, readonly string[]]): Entry {
  const valueOf = (name: string): string | undefined => {
    const at = fields.findIndex((field, i) => i % 2 === 0 && field === name);
    return at === -1 ? undefined : fields[at + 1];
  };
  // An entry without its own time gets that of its id, which is the time of the server.
  const at = Number(valueOf('at') ?? id.split('-')[0]);
  return { id, type: valueOf('type') ?? 'unknown', at: Number.isFinite(at) ? at : 0, data: valueOf('data') ?? '{}' };
}

function printEntries(entries: readonly Entry[], json: boolean, style: Style): Promise<boolean> {
  const lines = json
    ? entries.map(asJson)
    : (style.terminal ? foldEntries(entries) : entries.map((entry) => ({ ...entry, count: 1 }))).map((entry) =>
        inWords(entry, style),
      );
  return print(lines.map((line) => `${line}\n`).join(''));
}

function asJson({ id, type, at, data }: Entry): string {
  let value: unknown = data;
  try {
    value = JSON.parse(data);
  } catch {
    // Other data stays a text.
  }
  return escaped(JSON.stringify({ id, type, at, data: value }));
}

function inWords(entry: FoldedEntry, style: Style): string {
  const time = tinted(style, 'dim', timeOf(entry.at));
  const words = describeFolded(entry);
  const tint = tintOf(entry.type);
  return `${time} ${tint === undefined ? `● ${words}` : marked(style, tint, words)}`;
}

function timeOf(at: number): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime())
    ? 'at an unknown time  '
    : time
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')
        .replace('T', ' ');
}

const BAD = /^(peer\.unavailable|redis\.down|isolation\.began|config\.rejected|embedded\.ended|host\.short)$/;
const WARN =
  /^(peer\.(suspect|malformed)|ip\.(unknown|disagreed|held)|family\.missing|clock\.gap|round\.skipped|announcement\.failed|config\.needs-restart|events\.folded)$/;

function tintOf(type: string): Tint | undefined {
  if (BAD.test(type)) return 'bad';
  return WARN.test(type) ? 'warn' : undefined;
}
