import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Config } from '../../config/config.js';
import { nameOf } from '../../domain/text/printable.js';
import { span } from '../../domain/text/ago.js';
import { ask, healthUrl } from '../health.js';
import { fault, ok, warning, type Finding } from './finding.js';

const DESCRIPTORS = 'file descriptors';
const PORT = 'status port';
const SCHEDULER = 'scheduler';

/** Descriptors for files, listeners, Redis sockets and readers of the status page, in addition to calls. */
const RESERVED_DESCRIPTORS = 100;
const ASK_MS = 3_000;
/** A silence of this length means that the scheduler has ended. */
const SILENCE_MS = 30_000;

/** The limit of open files that Linux reports for this process; undefined on other systems, or without a limit. */
export function descriptorLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/** Each call in flight needs a descriptor. */
export function neededDescriptors({ sync, announce }: Pick<Config, 'sync' | 'announce'>): number {
  const calls = 2 * sync.concurrency + sync.unavailable.concurrency + sync.pending.concurrency + announce.concurrency;
  return calls + RESERVED_DESCRIPTORS;
}

/** Checks whether this process may open as many files as it needs. */
export async function checkDescriptors(
  config: Pick<Config, 'sync' | 'announce'>,
  limits: () => Promise<string> = () => readFile('/proc/self/limits', 'latin1'),
): Promise<readonly Finding[]> {
  const limit = descriptorLimit(await limits().catch(() => ''));
  const needed = neededDescriptors(config);
  if (limit === undefined) return [ok(DESCRIPTORS, `about ${needed} are needed; the limit is not known here`)];
  const text = `${limit} may be open, about ${needed} are needed`;
  if (limit >= needed) return [ok(DESCRIPTORS, text)];
  return [fault(DESCRIPTORS, text, 'raise the limit (LimitNOFILE= of systemd, ulimit -n), or lower sync.concurrency')];
}

/** Checks whether the status server can use its port, or already uses it. */
export async function checkStatusPort(status: Config['status']): Promise<readonly Finding[]> {
  const { enabled, host, port } = status;
  if (!enabled) return [ok(PORT, 'the status server is switched off (status.enabled)')];
  if (port === 0) return [ok(PORT, 'any free one (status.port 0); the log says which')];
  const url = healthUrl(status);
  const answer = await ask(url, ASK_MS);
  if (answer.ok) return [ok(PORT, `a scheduler answers at ${url}: it is well`)];
  if (answer.status === 503) {
    return [warning(PORT, `a scheduler answers at ${url}, and says that it is not well`, '`status` says more')];
  }
  const bindError = answer.code === 'ECONNREFUSED' ? await bindFault(host, port) : 'EADDRINUSE';
  if (bindError === undefined) return [ok(PORT, `${port} of ${nameOf(host)} is free`)];
  if (bindError === 'EADDRINUSE') {
    const text = `${port} of ${nameOf(host)} is taken by another program: ${answer.reason}`;
    return [warning(PORT, text, 'set status.port to another one, or end that program')];
  }
  return [
    warning(PORT, `${nameOf(host)} port ${port} can't be had: ${bindError}`, 'see to status.host and status.port'),
  ];
}

/** Why the port cannot be opened, if so. The port is closed again at once. */
function bindFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      resolve(code);
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => {
        resolve(undefined);
      });
    });
  });
}

/** Which process works on this registry, according to `<p>scheduler`. */
export function checkScheduler(
  state: Readonly<Record<string, string>>,
  own: string | undefined,
  now: number,
): readonly Finding[] {
  const { uuid, heartbeat_at: heartbeat, host, pid, version } = state;
  if (uuid === undefined) return [ok(SCHEDULER, 'none has run on this registry yet')];
  if (heartbeat === undefined) return [ok(SCHEDULER, 'none runs: the last one was stopped')];
  const silentMs = now - Number(heartbeat);
  const details = [version && `version ${nameOf(version)}`, host && nameOf(host), pid && `process ${nameOf(pid)}`];
  const who = [nameOf(uuid), ...details.filter((one) => one !== undefined && one !== '')].join(', ');
  if (!(silentMs < SILENCE_MS)) {
    const text = `none runs: the last one (${who}) has been silent for ${span(silentMs)}`;
    return [warning(SCHEDULER, text, 'see its log for how it ended')];
  }
  if (own === undefined || uuid.toLowerCase() === own) {
    return [ok(SCHEDULER, `one runs: ${who}, last sign of life ${span(silentMs)} ago`)];
  }
  const text = `another one works on this registry: ${who}`;
  return [fault(SCHEDULER, text, 'give each node a database, or a redis.keyPrefix, of its own; or use its uuid')];
}
