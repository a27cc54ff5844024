import type { Message, NotifyEvent } from '../domain/notify/message.js';
import { span } from '../domain/text/ago.js';
import type { Condition } from './conditions.js';
import type { Standing } from './standing.js';

interface Told {
  readonly condition: Condition;
  /** A condition may go to and fro between causes: each is told once. */
  readonly causes: Set<string>;
}

/** What one receiver has been told of the conditions that stand: of each the beginning, another cause, and the end. */
export class ConditionTeller {
  readonly #told = new Map<string, Told>();

  /** What there is to tell now. Who stands by begins to tell nothing, but ends what was told before. */
  tell(
    { conditions, standsBy }: Pick<Standing, 'conditions' | 'standsBy'>,
    events: readonly NotifyEvent[],
    at: number,
  ): readonly Message[] {
    const messages: Message[] = [];
    for (const [key, condition] of standsBy ? [] : conditions) {
      const told = this.#told.get(key);
      if (!events.includes(condition.event) || told?.causes.has(condition.cause) === true) continue;
      this.#told.set(key, { condition, causes: new Set(told?.causes).add(condition.cause) });
      messages.push(standing(condition, told === undefined ? 'began' : 'changed', at));
    }
    for (const [key, { condition }] of this.#told) {
      if (conditions.has(key)) continue;
      this.#told.delete(key);
      messages.push(ended(condition, at));
    }
    return messages;
  }

  /** Nothing more is told of what the key matches: its end is another scheduler's to tell. */
  forget(matching: RegExp): void {
    for (const key of this.#told.keys()) if (matching.test(key)) this.#told.delete(key);
  }
}

function standing({ event, since, title, text }: Condition, phase: 'began' | 'changed', at: number): Message {
  return { event, phase, level: 'bad', at, since, title, text };
}

function ended({ event, since, over }: Condition, at: number): Message {
  return { event, phase: 'ended', level: 'good', at, since, title: over, text: `It lasted ${span(at - since)}.` };
}
