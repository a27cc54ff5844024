import type { Message } from '../domain/notify/message.js';
import { Alarm } from '../state/alarm.js';

/** A message on its way to one webhook. */
export interface QueuedMessage {
  readonly message: Message;
  /** By a steady clock, in milliseconds. */
  readonly queuedAt: number;
  /** How often it was tried in vain. */
  attempts: number;
}

/** So many wait for one webhook. */
const ROOM = 100;

/**
 * What waits for one webhook, in order. Where there is no more room the oldest goes: the newest tells how things are.
 */
export class MessageQueue {
  readonly #alarm = new Alarm();
  #waiting: QueuedMessage[] = [];
  #lost = 0;

  push(message: Message, queuedAt: number): void {
    this.#waiting.push({ message, queuedAt, attempts: 0 });
    if (this.#waiting.length > ROOM) {
      // The first one is on its way.
      this.#waiting.splice(1, 1);
      this.#lost += 1;
    }
    this.#alarm.ring();
  }

  /** Each message in turn, until it is taken out: an interrupted delivery gets the same message again. */
  async *pending(signal: AbortSignal): AsyncGenerator<QueuedMessage> {
    while (!signal.aborted) {
      const [first] = this.#waiting;
      if (first === undefined) await this.#alarm.sleep(undefined, signal);
      else yield first;
    }
  }

  remove(queued: QueuedMessage): void {
    this.#waiting = this.#waiting.filter((other) => other !== queued);
  }

  /** How many there was no room for since this was asked last. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}
