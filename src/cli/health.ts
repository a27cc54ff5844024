import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { isIP } from 'node:net';
import type { Config } from '../config/config.js';
import type { LoadOptions } from '../config/load.js';
import { CommandError, UsageError } from './commandError.js';
import { print } from './print.js';
import { NO_UUID } from './noUuid.js';

const DEADLINE_MS = 5_000;

/** Checks whether a scheduler is alive. Rejects with a `CommandError` if not. */
export async function checkHealth(options: LoadOptions, url: string | undefined): Promise<void> {
  if (url !== undefined && !/^https?:\/\//.test(url)) throw new UsageError('--url: expected http:// or https://');
  if (url !== undefined && !URL.canParse(url)) throw new UsageError('--url: expected a URL with a host');
  const place = url ?? (await configured(options));
  const answer = await ask(place);
  if (!answer.ok) throw new CommandError(`not healthy: ${withoutLogin(place)}: ${answer.reason}`);
  await print(`healthy: ${withoutLogin(place)}\n`);
}

async function configured(options: LoadOptions): Promise<string> {
  // Loaded on demand: containers run this command every few seconds, mostly with --url.
  const { loadConfig } = await import('../config/load.js');
  const { config } = await loadConfig({ ...options, spareUuid: NO_UUID });
  const { status } = config;
  if (!status.enabled) throw new CommandError('not known: status.enabled is false, so nothing tells');
  if (status.port === 0) throw new CommandError('not known: status.port is 0, any free one; name it with --url');
  return healthUrl(status);
}

/** The health URL of the status server with this configuration, seen from this host. */
export function healthUrl({ host, port, basePath }: Pick<Config['status'], 'host' | 'port' | 'basePath'>): string {
  const near = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIP(near) === 6 ? `[${near}]` : near}:${port}${basePath.replace(/\/$/, '')}/healthz`;
}

export type HealthAnswer =
  | { readonly ok: true }
  /** `status` is undefined without an HTTP answer; `code` is then the system error. */
  | { readonly ok: false; readonly status?: number; readonly code?: string; readonly reason: string };

/** Requests a URL with a deadline. Never rejects. */
export function ask(url: string, withinMs = DEADLINE_MS): Promise<HealthAnswer> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(withinMs);
    const send = url.startsWith('https:') ? getSecurely : get;
    const request = send(url, { signal, agent: false }, (response) => {
      const { statusCode: status = 0 } = response;
      resolve(status === 200 ? { ok: true } : { ok: false, status, reason: `it answers ${status}` });
      response.destroy();
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const late = signal.aborted;
      const code = late ? 'ETIMEDOUT' : (error.code ?? error.name);
      const silent = `no answer within ${withinMs / 1_000} s`;
      const reason = late ? silent : code === 'ECONNREFUSED' ? 'nothing listens there (ECONNREFUSED)' : code;
      resolve({ ok: false, code, reason });
    });
  });
}

function withoutLogin(url: string): string {
  const bare = new URL(url);
  bare.username = bare.password = '';
  return bare.href;
}
