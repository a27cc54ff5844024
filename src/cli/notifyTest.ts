import { lastValueFrom } from 'rxjs';
import { hookClient, originOf } from '../app/notify.js';
import { loadConfig, type LoadOptions } from '../config/load.js';
import type { Reply } from '../domain/call/http.js';
import { call } from '../notify/deliver.js';
import { isWebhook, labelOf } from '../notify/entry.js';
import { testMessage } from '../notify/eventMessages.js';
import { requestOf } from '../notify/webhook.js';
import { CommandError } from './commandError.js';
import { print } from './print.js';

const SILENT = { defaultValue: { ok: false, reason: 'other' } as const };

/**
 * Sends a test message to each entry of `notify` in parallel, and prints the answers. Rejects with a `CommandError`
 * if one was not accepted. URLs are not printed, because each is a secret.
 */
export async function testNotifications(options: LoadOptions): Promise<void> {
  const { config } = await loadConfig(options);
  const { notify: entries } = config;
  if (entries.length === 0) throw new CommandError('nobody to tell: notify is empty (docs/alerts.md)');
  const message = testMessage(Date.now());
  const means = { send: hookClient(), steady: () => performance.now() };
  const results = await Promise.all(
    entries.map(async (entry, index) => {
      const request = isWebhook(entry) ? requestOf(entry, message, originOf(config)) : { url: entry.ping, headers: {} };
      return { label: labelOf(entry, index), reply: await lastValueFrom(call(request, means), SILENT) };
    }),
  );
  await print(results.map(({ label, reply }) => `${label}: ${words(reply)}\n`).join(''));
  const failed = results.filter(({ reply }) => !reply.ok).length;
  if (failed > 0) throw new CommandError(`${String(failed)} of ${String(results.length)} did not take it`);
}

function words(reply: Reply): string {
  return reply.ok ? `answered ${String(reply.status)}` : `failed: ${reply.reason}`;
}
