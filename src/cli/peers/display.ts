import type { ProducerState } from '../../domain/announce/producerState.js';
import type { Tint } from '../style.js';
import type { ConsumerState, PeerRow } from './read.js';
import { quoted } from '../../domain/text/printable.js';

/** The colour of each state. */
export const TINTS: Readonly<Record<ConsumerState | ProducerState, Tint>> = {
  available: 'good',
  suspect: 'warn',
  unavailable: 'bad',
  pending: 'dim',
  denied: 'warn',
  invalid: 'bad',
  knows: 'good',
  owing: 'warn',
  untold: 'dim',
};

/** A stored value made safe for the terminal. */
export function plain(text: string): string {
  return quoted(text).slice(1, -1);
}

/** The address as it is dialled: `203.0.113.7`, `203.0.113.7:8080`, `[2001:db8::1]:8080`. */
export function addressOf({ ip, port }: PeerRow): string {
  if (ip === undefined || ip === '') return 'none';
  if (port === undefined || port === '') return plain(ip);
  return plain(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
}

/** A time in Unix milliseconds; undefined if invalid. */
export function timeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
