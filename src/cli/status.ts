import Table from 'cli-table3';
import type { LoadOptions } from '../config/load.js';
import { escaped, nameOf } from '../domain/text/printable.js';
import { CommandError } from './commandError.js';
import { print } from './print.js';
import { withRegistry } from './registry.js';

/** Silence of so long, in milliseconds, means that the scheduler has gone without a word. */
const SILENCE_MS = 30_000;

type State = Readonly<Record<string, string>>;

/** Prints what the scheduler last said of itself in Redis. Rejects with a `CommandError` where none runs. */
export async function showStatus(options: LoadOptions, json: boolean): Promise<void> {
  const { state, counts } = await withRegistry(options, async ({ redis, keys }) => ({
    state: await redis.hgetall(keys.scheduler),
    counts: {
      consumers: await redis.scard(keys.consumers),
      producers: await redis.scard(keys.producers),
      announcements_pending: await redis.zcard(keys.announcements),
    },
  }));
  if (state.uuid === undefined) throw new CommandError('no scheduler has run on this registry yet');
  const gone = goneSince(state, Date.now());
  const all = { running: gone === undefined, ...state, ...counts };
  await print(`${json ? escaped(JSON.stringify(all)) : asTable(all)}\n`);
  if (gone !== undefined) throw new CommandError(gone);
}

/** Why nobody runs, if nobody does. A scheduler that ends as it should takes its heart beat away. */
function goneSince({ heartbeat_at: heartbeat }: State, now: number): string | undefined {
  if (heartbeat === undefined) return 'no scheduler runs: the last one was stopped';
  if (now - Number(heartbeat) < SILENCE_MS) return undefined;
  return `no scheduler runs: the last one has been silent since ${timeOf(heartbeat)}`;
}

function asTable(all: Readonly<Record<string, unknown>>): string {
  const table = new Table({ style: { head: [], border: [] } });
  for (const [name, value] of Object.entries(all)) {
    const text = String(value);
    table.push([nameOf(name), name.endsWith('_at') ? timeOf(text) : nameOf(text)]);
  }
  return table.toString();
}

function timeOf(text: string): string {
  const at = new Date(Number(text));
  return Number.isNaN(at.getTime()) ? nameOf(text) : at.toISOString();
}
