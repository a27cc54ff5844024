import type { Message } from '../domain/notify/message.js';
import type { Lane } from '../domain/peer/peer.js';
import { span } from '../domain/text/ago.js';
import { nameOf } from '../domain/text/printable.js';
import { counted } from '../domain/text/words.js';
import type { EventOf } from '../events.js';

/** Peers with a common cause are found to fail within one interval. */
const BATCH_MS = 60_000;
/** Maximum number of peers named in a message. */
const MAX_NAMED = 5;

type Down = ReadonlyMap<string, number>;

interface Sent {
  /** Undefined if it was unavailable before this process started. */
  readonly since: number | undefined;
  /** When it was found to be no longer unavailable. */
  upAt: number | undefined;
}

/**
 * The messages to one webhook about peers: that a peer has been down for some time, and that it is no longer down.
 * Changes within the same minute share one message.
 */
export class PeerMessages {
  readonly #sent = new Map<string, Sent>();

  constructor(private readonly laneOf: (uuid: string) => Lane | undefined) {}

  /**
   * `down` is the state before the event. If a peer was down before this process started, the previous process has
   * reported it.
   */
  accept({ check: { uuid, before, state } }: EventOf<'peer.checked'>, down: Down): void {
    const isBack = before === 'unavailable' && state !== 'unavailable';
    if (isBack && !down.has(uuid) && !this.#sent.has(uuid)) this.#sent.set(uuid, { since: undefined, upAt: undefined });
  }

  due(down: Down, afterMs: number, at: number): readonly Message[] {
    const batchMs = Math.min(BATCH_MS, afterMs);
    return [...this.#wentDown(down, afterMs, batchMs, at), ...this.#cameBack(down, batchMs, at)];
  }

  /** Drops the state. Another scheduler sends further messages. */
  forget(): void {
    this.#sent.clear();
  }

  #wentDown(down: Down, afterMs: number, batchMs: number, at: number): readonly Message[] {
    const due = [...down].filter(([uuid, since]) => !this.#sent.has(uuid) && at - since >= afterMs);
    const since = oldest(due.map(([, one]) => one));
    if (since === undefined || at - since < afterMs + batchMs) return [];
    for (const [uuid, one] of due) this.#sent.set(uuid, { since: one, upAt: undefined });
    const uuids = due.map(([uuid]) => uuid);
    const [title, text] =
      uuids.length === 1
        ? [`peer ${names(uuids)} is down`, `It has not answered for ${span(at - since)}.`]
        : [`${counted(uuids.length, 'peer')} are down`, `For up to ${span(at - since)}: ${names(uuids)}.`];
    return [{ event: 'peer-down', phase: 'began', level: 'bad', at, since, title, text }];
  }

  #cameBack(down: Down, batchMs: number, at: number): readonly Message[] {
    for (const [uuid, sent] of this.#sent) sent.upAt = down.has(uuid) ? undefined : (sent.upAt ?? at);
    const up = [...this.#sent].filter(([, { upAt }]) => upAt !== undefined);
    const first = oldest(up.map(([, { upAt = at }]) => upAt));
    if (first === undefined || at - first < batchMs) return [];
    for (const [uuid] of up) this.#sent.delete(uuid);
    const since = oldest(up.flatMap(([, sent]) => sent.since ?? []));
    const uuids = up.map(([uuid]) => uuid);
    const back = uuids.filter((uuid) => this.laneOf(uuid) !== undefined);
    const gone = uuids.filter((uuid) => this.laneOf(uuid) === undefined);
    return [
      ...(back.length === 0 ? [] : [ended(back, 'answer again', 'answers again', since, at)]),
      ...(gone.length === 0 ? [] : [ended(gone, 'are no longer called', 'is no longer called', since, at)]),
    ];
  }
}

function ended(uuids: readonly string[], many: string, one: string, since: number | undefined, at: number): Message {
  const [title, text] =
    uuids.length === 1
      ? [`peer ${names(uuids)} ${one}`, since === undefined ? '' : `It was down for ${span(at - since)}.`]
      : [`${counted(uuids.length, 'peer')} ${many}`, `${names(uuids)}.`];
  return { event: 'peer-down', phase: 'ended', level: 'good', at, since, title, text };
}

function names(uuids: readonly string[]): string {
  const named = uuids.slice(0, MAX_NAMED).map(nameOf).join(', ');
  return uuids.length > MAX_NAMED ? `${named} and ${String(uuids.length - MAX_NAMED)} more` : named;
}

function oldest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : times.reduce((least, one) => Math.min(least, one));
}
