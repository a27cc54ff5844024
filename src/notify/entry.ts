import type { Config } from '../config/config.js';
import { isNamed } from '../domain/notify/template.js';

export type Entry = Config['notify'][number];
export type WebhookEntry = Extract<Entry, { readonly webhook: string }>;

export function isWebhook(entry: Entry): entry is WebhookEntry {
  return 'webhook' in entry;
}

/** The label of an entry in places where its secret URL must not appear: its index and kind. */
export function labelOf(entry: Entry, index: number): string {
  const kind = isWebhook(entry) ? (isNamed(entry.template) ? entry.template : 'webhook') : 'ping';
  return `notify.${String(index)} (${kind})`;
}
