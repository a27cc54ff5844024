import type { Message, NotifyEvent } from '../domain/notify/message.js';
import { span } from '../domain/text/ago.js';
import type { Condition } from './conditions.js';
import type { ActiveConditions } from './activeConditions.js';

interface Sent {
  readonly condition: Condition;
  /** A condition may alternate between causes. Each cause is sent once. */
  readonly causes: Set<string>;
}

/** The messages to one webhook about active conditions: the begin, each new cause, and the end. */
export class ConditionMessages {
  readonly #sent = new Map<string, Sent>();

  /**
   * The messages to send now. A standby starts no message about a condition, but sends the end of those that it has
   * begun.
   */
  due(
    { conditions, standsBy }: Pick<ActiveConditions, 'conditions' | 'standsBy'>,
    events: readonly NotifyEvent[],
    at: number,
  ): readonly Message[] {
    const messages: Message[] = [];
    for (const [key, condition] of standsBy ? [] : conditions) {
      const sent = this.#sent.get(key);
      if (!events.includes(condition.event) || sent?.causes.has(condition.cause) === true) continue;
      this.#sent.set(key, { condition, causes: new Set(sent?.causes).add(condition.cause) });
      messages.push(started(condition, sent === undefined ? 'began' : 'changed', at));
    }
    for (const [key, { condition }] of this.#sent) {
      if (conditions.has(key)) continue;
      this.#sent.delete(key);
      messages.push(ended(condition, at));
    }
    return messages;
  }

  /** Drops the matching conditions. Another scheduler sends their end. */
  forget(matching: RegExp): void {
    for (const key of this.#sent.keys()) if (matching.test(key)) this.#sent.delete(key);
  }
}

function started({ event, since, title, text }: Condition, phase: 'began' | 'changed', at: number): Message {
  return { event, phase, level: 'bad', at, since, title, text };
}

function ended({ event, since, over }: Condition, at: number): Message {
  return { event, phase: 'ended', level: 'good', at, since, title: over, text: `It lasted ${span(at - since)}.` };
}
