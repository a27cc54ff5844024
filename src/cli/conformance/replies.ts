import type { Reply } from '../../domain/call/http.js';
import { quoted } from '../../domain/text/printable.js';
import type { Caller, CallOverrides } from './caller.js';

const STATUS = /^http-(\d+)$/;
const REFUSED = /^http-4\d\d$/;

/** A reply in words, without any text from the API. */
export function inWords(reply: Reply): string {
  if (reply.ok) return `answered ${reply.status}`;
  const [, status] = STATUS.exec(reply.reason) ?? [];
  return status === undefined ? `no answer (${reply.reason})` : `answered ${status}`;
}

/** Bodies that must be refused, by name. */
export type Refusable = Readonly<Record<string, { readonly body: string; readonly overrides?: CallOverrides }>>;

/** The bodies that were not answered with a 4xx, in words. Sends one after the other. */
export async function notRefused(caller: Caller, bodies: Refusable): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [name, { body, overrides }] of Object.entries(bodies)) {
    const reply = await caller.send(body, overrides);
    if (reply.ok || !REFUSED.test(reply.reason)) wrong.push(`${name}: ${inWords(reply)}`);
  }
  return wrong;
}

/** A value stored by an API, made safe for a terminal. */
export function shown(value: string | undefined): string {
  return value === undefined ? 'nothing' : quoted(value);
}
