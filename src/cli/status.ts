import Table from 'cli-table3';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { keysUnder } from '../domain/keys.js';
import { escaped, nameOf } from '../domain/text/printable.js';
import { CommandError } from './commandError.js';
import { connectNow } from './connect.js';
import { print } from './print.js';

/** Silence of so long, in milliseconds, means that no scheduler runs. */
const SILENCE_MS = 30_000;

/** Prints what the running scheduler last said of itself in Redis. */
export async function showStatus(options: LoadOptions, json: boolean): Promise<void> {
  const { config } = await loadConfig(options);
  const connection = await connectNow(config.redis, Date.now);
  const { redis } = connection;
  try {
    const keys = keysUnder(config.redis.keyPrefix);
    const state = await redis.hgetall(keys.scheduler);
    if (state.heartbeat_at === undefined) throw new CommandError('no scheduler has run on this registry yet');
    const running = Date.now() - Number(state.heartbeat_at) < SILENCE_MS;
    const consumers = await redis.scard(keys.consumers);
    const producers = await redis.scard(keys.producers);
    const pending = await redis.zcard(keys.announcements);
    const all = { running, ...state, consumers, producers, announcements_pending: pending };
    await print(`${json ? escaped(JSON.stringify(all)) : asTable(all)}\n`);
  } finally {
    await connection.close();
  }
}

function asTable(all: Readonly<Record<string, unknown>>): string {
  const table = new Table({ style: { head: [], border: [] } });
  for (const [name, value] of Object.entries(all)) {
    const at = new Date(name.endsWith('_at') ? Number(value) : Number.NaN);
    table.push([nameOf(name), Number.isNaN(at.getTime()) ? nameOf(String(value)) : at.toISOString()]);
  }
  return table.toString();
}
