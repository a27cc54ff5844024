import type { Message } from '../domain/notify/message.js';
import type { Lane } from '../domain/peer/peer.js';
import { span } from '../domain/text/ago.js';
import { nameOf } from '../domain/text/printable.js';
import { counted } from '../domain/text/words.js';
import type { EventOf } from '../events.js';

/** Peers that fail together are found to have failed within an interval of each other. */
const GATHER_MS = 60_000;
/** So many are named. */
const NAMED = 5;

type Down = ReadonlyMap<string, number>;

interface Sent {
  /** Undefined where it was unavailable before we looked. */
  readonly since: number | undefined;
  /** When it was found to be unavailable no longer. */
  upAt: number | undefined;
}

/**
 * What one webhook has been sent of the peers: that one is down once it has been for some time, and that it is not any
 * more; those of the same minute in one message.
 */
export class PeerMessages {
  readonly #sent = new Map<string, Sent>();

  constructor(private readonly laneOf: (uuid: string) => Lane | undefined) {}

  /**
   * `down` as it was before the event. A peer that was down before this process started was reported by the process
   * before.
   */
  accept({ check: { uuid, before, state } }: EventOf<'peer.checked'>, down: Down): void {
    const isBack = before === 'unavailable' && state !== 'unavailable';
    if (isBack && !down.has(uuid) && !this.#sent.has(uuid)) this.#sent.set(uuid, { since: undefined, upAt: undefined });
  }

  tell(down: Down, afterMs: number, at: number): readonly Message[] {
    const gatherMs = Math.min(GATHER_MS, afterMs);
    return [...this.#fallen(down, afterMs, gatherMs, at), ...this.#risen(down, gatherMs, at)];
  }

  /** What comes is another scheduler's to tell. */
  forget(): void {
    this.#sent.clear();
  }

  #fallen(down: Down, afterMs: number, gatherMs: number, at: number): readonly Message[] {
    const due = [...down].filter(([uuid, since]) => !this.#sent.has(uuid) && at - since >= afterMs);
    const since = oldest(due.map(([, one]) => one));
    if (since === undefined || at - since < afterMs + gatherMs) return [];
    for (const [uuid, one] of due) this.#sent.set(uuid, { since: one, upAt: undefined });
    const uuids = due.map(([uuid]) => uuid);
    const [title, text] =
      uuids.length === 1
        ? [`peer ${names(uuids)} is down`, `It has not answered for ${span(at - since)}.`]
        : [`${counted(uuids.length, 'peer')} are down`, `For up to ${span(at - since)}: ${names(uuids)}.`];
    return [{ event: 'peer-down', phase: 'began', level: 'bad', at, since, title, text }];
  }

  #risen(down: Down, gatherMs: number, at: number): readonly Message[] {
    for (const [uuid, sent] of this.#sent) sent.upAt = down.has(uuid) ? undefined : (sent.upAt ?? at);
    const up = [...this.#sent].filter(([, { upAt }]) => upAt !== undefined);
    const first = oldest(up.map(([, { upAt = at }]) => upAt));
    if (first === undefined || at - first < gatherMs) return [];
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
  const named = uuids.slice(0, NAMED).map(nameOf).join(', ');
  return uuids.length > NAMED ? `${named} and ${String(uuids.length - NAMED)} more` : named;
}

function oldest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : times.reduce((least, one) => Math.min(least, one));
}
