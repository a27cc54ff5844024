import { PRODUCER_STATES } from '../../domain/announce/producerState.js';
import { CONSUMER_STATES, type ReadPeer } from './read.js';

export const SORTS = ['uuid', 'ip', 'state', 'since', 'checked', 'latency', 'failures'] as const;
export type Sort = (typeof SORTS)[number];

const RANKS: readonly string[] = [...PRODUCER_STATES.slice(0, 3), ...CONSUMER_STATES];
/** Compares numbers inside a text as numbers: 10.0.0.2 comes before 10.0.0.10. */
const COLLATOR = new Intl.Collator('en', { numeric: true });

/** Compares peers. Those without the value come last in both directions, and equal ones are sorted by UUID. */
export function comparing(sort: Sort, reverse: boolean): (a: ReadPeer, b: ReadPeer) => number {
  const turn = reverse ? -1 : 1;
  return (a, b) => {
    if (sort === 'uuid') return turn * byUuid(a, b);
    const [x, y] = [valueOf(a, sort), valueOf(b, sort)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined) || byUuid(a, b);
    return turn * compare(x, y) || byUuid(a, b);
  };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : COLLATOR.compare(String(a), String(b));
}

function byUuid(a: ReadPeer, b: ReadPeer): number {
  return a.uuid < b.uuid ? -1 : Number(a.uuid > b.uuid);
}

function valueOf({ kind, row, state }: ReadPeer, sort: Exclude<Sort, 'uuid'>): string | number | undefined {
  const producer = kind === 'producer';
  switch (sort) {
    case 'ip':
      return row.ip;
    case 'state':
      return RANKS.indexOf(state);
    case 'since':
      return numberOf(producer ? row.notified_at : row.state_since);
    case 'checked':
      return numberOf(row.checked_at);
    case 'latency':
      return numberOf(row.latency_ms);
    case 'failures':
      return numberOf(producer ? row.attempts : row.failures);
  }
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text ?? '');
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value;
}
