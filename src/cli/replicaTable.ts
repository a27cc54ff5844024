import { span } from '../domain/text/ago.js';
import { nameOf } from '../domain/text/printable.js';
import { counted } from '../domain/text/words.js';
import type { Replica, Replicas } from '../replicas/readReplicas.js';
import { tinted, type Style } from './style.js';
import { table } from './table.js';

const HEAD = ['replica', 'host', 'process', 'shares', 'peers', 'public IP', 'answered', 'sign of life'];

/** The table of replicas. The title shows shares without a holder. Empty if the registry is not divided. */
export function replicaTable({ members, of }: Replicas, style: Style, now: number): string {
  if (members.length === 0) return '';
  const held = members.reduce((sum, { shares }) => sum + (shares ?? 0), 0);
  const free = of === undefined || held >= of ? '' : `, ${counted(of - held, 'share')} of nobody`;
  const rows = members.map((one) => rowOf(one, now));
  return `${tinted(style, 'strong', `replicas${free}`)}\n${table(rows, style, { head: HEAD })}`;
}

function rowOf(one: Replica, now: number): string[] {
  const { name, host, pid, leader, shares, peers, ip, isolated, round_ok: ok, round_failed: failed } = one;
  const ago = (at: number | null): string => (at === null ? '–' : `${span(now - at)} ago`);
  const count = (value: number | null): string => (value === null ? '–' : String(value));
  return [
    `${nameOf(name ?? one.instance)}${leader ? ' (leads)' : ''}`,
    ...[host === null ? '–' : nameOf(host), count(pid), count(shares), count(peers)],
    `${ip === null ? '–' : nameOf(ip)}${isolated ? ', offline' : ''}`,
    ok === null || failed === null ? '–' : `${String(ok)} of ${String(ok + failed)}`,
    ago(one.heartbeat_at),
  ];
}
