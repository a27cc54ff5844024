import type { Status } from './schema.js';
import { SILENCE_MS } from './verdict.js';

export interface Probe {
  readonly ok: boolean;
  readonly status: string;
  readonly reasons?: readonly { readonly code: string; readonly text?: string }[];
}

/** The part of the status that probes use. */
export type ProbeInput = Pick<Status, 'as_of' | 'heartbeat_at' | 'isolated' | 'stopping'> & {
  readonly redis: Pick<Status['redis'], 'up' | 'reason'>;
  readonly lanes: { readonly regular: Pick<Status['lanes']['regular'], 'rounds'> };
  readonly replicas: Pick<Status['replicas'], 'role' | 'holder' | 'shares'>;
};

const SECONDS = 1_000;

/** Whether the process is alive and its ticks run. */
export function healthOf({ as_of: now, heartbeat_at: heartbeatAt }: Pick<ProbeInput, 'as_of' | 'heartbeat_at'>): Probe {
  const silentMs = now - heartbeatAt;
  if (silentMs < SILENCE_MS) return { ok: true, status: 'alive' };
  const text = `no heartbeat for ${String(Math.round(silentMs / SECONDS))} s`;
  return { ok: false, status: 'stalled', reasons: [{ code: 'stalled', text }] };
}

/** Whether this process is ready. Without trust only the codes of the reasons are shown. */
export function readinessOf(status: ProbeInput, trusted: boolean): Probe {
  const { redis, lanes, isolated, stopping, replicas } = status;
  if (redis.up && replicas.role === 'standby' && replicas.holder !== null) return { ok: true, status: 'standby' };
  const reasons = [
    !redis.up && { code: 'redis-down', text: `Redis can't be used${redis.reason === null ? '' : `: ${redis.reason}`}` },
    lanes.regular.rounds === 0 && { code: 'starting', text: 'the first round has not ended' },
    isolated && { code: 'isolated', text: 'no witness answers: we seem to be offline' },
    replicas.shares?.elsewhere === true && { code: 'elsewhere', text: "our public IP is not the node's" },
    replicas.shares?.held === 0 && { code: 'no-shares', text: 'no share of the registry is ours' },
    replicas.shares?.in_doubt === true && { code: 'in-doubt', text: 'our shares could not be renewed in time' },
    stopping && { code: 'stopping', text: 'it is stopping' },
  ].filter((reason) => reason !== false);
  if (reasons.length === 0) return { ok: true, status: 'ready' };
  return {
    ok: false,
    status: 'not-ready',
    reasons: trusted ? reasons : reasons.map(({ code }) => ({ code })),
  };
}
