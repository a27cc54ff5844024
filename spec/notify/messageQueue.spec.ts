import { expect } from 'chai';
import type { Message } from '#src/domain/notify/message.js';
import { MessageQueue, type QueuedMessage } from '#src/notify/messageQueue.js';

describe('a queue', () => {
  const message = (title: string): Message => ({
    ...{ event: 'test', phase: 'happened', level: 'notice', at: 0, since: undefined, title, text: '' },
  });
  const next = async (queued: AsyncGenerator<QueuedMessage>): Promise<QueuedMessage> => {
    const result = await queued.next();
    return result.done === true ? expect.fail('there is no message') : result.value;
  };
  const titles = async (queue: MessageQueue, count: number): Promise<string[]> => {
    const pending = queue.pending(new AbortController().signal);
    const found: string[] = [];
    while (found.length < count) {
      const queued = await next(pending);
      found.push(queued.message.title);
      queue.remove(queued);
    }
    return found;
  };

  it('gives what came first, and waits for what comes', async () => {
    const queue = new MessageQueue();
    const all = titles(queue, 3);
    queue.push(message('a'), 0);
    queue.push(message('b'), 0);
    setImmediate(() => {
      queue.push(message('c'), 0);
    });
    expect(await all).to.deep.equal(['a', 'b', 'c']);
  });

  it('gives a message again that was not taken out', async () => {
    const queue = new MessageQueue();
    queue.push(message('a'), 0);
    const first = await next(queue.pending(new AbortController().signal));
    expect(await next(queue.pending(new AbortController().signal))).to.equal(first);
  });

  it('has room for a hundred: the oldest goes, but for the one that is on its way', async () => {
    const queue = new MessageQueue();
    for (let i = 0; i < 103; i += 1) queue.push(message(String(i)), 0);
    expect([queue.takeLost(), queue.takeLost()]).to.deep.equal([3, 0]);
    const left = await titles(queue, 100);
    expect([...left.slice(0, 2), left.at(-1)]).to.deep.equal(['0', '4', '102']);
  });

  it('ends with its signal, also while it waits', async () => {
    const controller = new AbortController();
    const waiting = new MessageQueue().pending(controller.signal).next();
    controller.abort();
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
  });
});
