import type { Message, NotifyEvent } from '../domain/notify/message.js';
import { span } from '../domain/text/ago.js';
import type { Condition } from './conditions.js';
import type { ActiveConditions } from './activeConditions.js';

interface Sent {
  readonly condition: Condition;
  /** A condition may go to and fro between causes: each is sent once. */
  readonly causes: Set<string>;
}

/** What one webhook was sent of the conditions that stand: of each the beginning, another cause, and the end. */
export class ConditionMessages {
  readonly #sent = new Map<string, Sent>();

  /** What is to be sent now. A standby begins nothing, but sends the end of what it has begun. */
  tell(
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

  /** Nothing more is sent of what the key matches: its end is for another scheduler to send. */
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
