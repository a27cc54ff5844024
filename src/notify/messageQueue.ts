import type { Message } from '../domain/notify/message.js';
import { InterruptibleSleep } from '../state/interruptibleSleep.js';

/** A message to one webhook. */
export interface QueuedMessage {
  readonly message: Message;
  /** Steady clock, in milliseconds. */
  readonly queuedAt: number;
  /** The number of failed attempts. */
  attempts: number;
}

/** Maximum number of messages that wait for one webhook. */
const MAX_WAITING = 100;

/**
 * The messages that wait for one webhook, in order. If the queue is full, the oldest is dropped, because the newest
 * describes the current state.
 */
export class MessageQueue {
  readonly #sleeper = new InterruptibleSleep();
  #waiting: QueuedMessage[] = [];
  #lost = 0;

  push(message: Message, queuedAt: number): void {
    this.#waiting.push({ message, queuedAt, attempts: 0 });
    if (this.#waiting.length > MAX_WAITING) {
      // The first message is being delivered.
      this.#waiting.splice(1, 1);
      this.#lost += 1;
    }
    this.#sleeper.wake();
  }

  /** Yields the first message until it is removed. An interrupted delivery gets the same message again. */
  async *pending(signal: AbortSignal): AsyncGenerator<QueuedMessage> {
    while (!signal.aborted) {
      const [first] = this.#waiting;
      if (first === undefined) await this.#sleeper.sleep(undefined, signal);
      else yield first;
    }
  }

  remove(queued: QueuedMessage): void {
    this.#waiting = this.#waiting.filter((other) => other !== queued);
  }

  /** The number of messages dropped from a full queue since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}
