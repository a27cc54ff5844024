import { expect } from 'chai';
import type { Message } from '#src/domain/notify/message.js';
import { Mailbox, type Letter } from '#src/notify/mailbox.js';

describe('a mailbox', () => {
  const message = (title: string): Message => ({
    ...{ event: 'test', phase: 'happened', level: 'notice', at: 0, since: undefined, title, text: '' },
  });
  const next = async (letters: AsyncGenerator<Letter>): Promise<Letter> => {
    const result = await letters.next();
    return result.done === true ? expect.fail('there is no letter') : result.value;
  };
  const titles = async (mailbox: Mailbox, count: number): Promise<string[]> => {
    const letters = mailbox.letters(new AbortController().signal);
    const found: string[] = [];
    while (found.length < count) {
      const letter = await next(letters);
      found.push(letter.message.title);
      mailbox.takeOut(letter);
    }
    return found;
  };

  it('gives what came first, and waits for what comes', async () => {
    const mailbox = new Mailbox();
    const all = titles(mailbox, 3);
    mailbox.push(message('a'), 0);
    mailbox.push(message('b'), 0);
    setImmediate(() => {
      mailbox.push(message('c'), 0);
    });
    expect(await all).to.deep.equal(['a', 'b', 'c']);
  });

  it('gives a letter again that was not taken out', async () => {
    const mailbox = new Mailbox();
    mailbox.push(message('a'), 0);
    const first = await next(mailbox.letters(new AbortController().signal));
    expect(await next(mailbox.letters(new AbortController().signal))).to.equal(first);
  });

  it('has room for a hundred: the oldest goes, but for the one that is on its way', async () => {
    const mailbox = new Mailbox();
    for (let i = 0; i < 103; i += 1) mailbox.push(message(String(i)), 0);
    expect([mailbox.takeLost(), mailbox.takeLost()]).to.deep.equal([3, 0]);
    const left = await titles(mailbox, 100);
    expect([...left.slice(0, 2), left.at(-1)]).to.deep.equal(['0', '4', '102']);
  });

  it('ends with its signal, also while it waits', async () => {
    const controller = new AbortController();
    const waiting = new Mailbox().letters(controller.signal).next();
    controller.abort();
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
  });
});
