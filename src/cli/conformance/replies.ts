import type { Reply } from '../../domain/call/http.js';
import { quoted } from '../../domain/text/printable.js';
import type { Caller, Manner } from './caller.js';

const STATUS = /^http-(\d+)$/;
const REFUSED = /^http-4\d\d$/;

/** A reply in words; nothing that the API has written is repeated. */
export function inWords(reply: Reply): string {
  if (reply.ok) return `answered ${reply.status}`;
  const [, status] = STATUS.exec(reply.reason) ?? [];
  return status === undefined ? `no answer (${reply.reason})` : `answered ${status}`;
}

/** Bodies that are to be refused, each with what it is called. */
export type Refusable = Readonly<Record<string, { readonly body: string; readonly manner?: Manner }>>;

/** What was not refused as it should be, in words: anything but a 4xx. Asks one after the other. */
export async function notRefused(caller: Caller, bodies: Refusable): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [name, { body, manner }] of Object.entries(bodies)) {
    const reply = await caller.say(body, manner);
    if (reply.ok || !REFUSED.test(reply.reason)) wrong.push(`${name}: ${inWords(reply)}`);
  }
  return wrong;
}

/** What an API has stored, for a terminal. */
export function shown(value: string | undefined): string {
  return value === undefined ? 'nothing' : quoted(value);
}
