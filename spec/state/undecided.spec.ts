import { expect } from 'chai';
import type { Scope } from '#src/domain/ip/scope.js';
import { UndecidedFailures, type Question } from '#src/state/undecided.js';
import { entry } from '../support/entries.js';
import { advance, freeze, settled } from '../support/timers.js';

const V4 = 'public IPv4';

describe('UndecidedFailures', () => {
  let timers: ReturnType<typeof freeze>;
  let controller: AbortController;
  let undecided: UndecidedFailures;
  let asked: string[];

  const add = (uuid: string, scope: Scope = V4): void => {
    const outcome = { ok: false, reason: 'timeout' } as const;
    undecided.add(scope, { entry: entry(uuid), lane: 'regular', at: 1, outcome });
  };
  const nameOf = ({ scope, failures }: Question): string =>
    `${scope}: ${failures.map(({ entry: { uuid } }) => uuid).join(' ')}`;
  const asking = async (untilEmpty = false): Promise<void> => {
    for await (const question of undecided.questions(controller.signal, untilEmpty)) asked.push(nameOf(question));
    asked.push('end');
  };

  beforeEach(() => {
    timers = freeze();
    controller = new AbortController();
    undecided = new UndecidedFailures(() => Date.now());
    asked = [];
  });
  afterEach(() => {
    controller.abort();
    timers.release();
  });

  it('asks at once, about all failures of the scope that wait', async () => {
    add('a');
    add('b');
    void asking();
    await settled();
    expect(asked).to.deep.equal([`${V4}: a b`]);
  });

  it('asks at most once a second; failures that come meanwhile share the next question', async () => {
    void asking();
    add('a');
    await settled();
    undecided.decided(V4);
    add('b');
    add('c');
    await advance(999, 999);
    expect(asked).to.deep.equal([`${V4}: a`]);
    await advance(1, 1);
    expect(asked).to.deep.equal([`${V4}: a`, `${V4}: b c`]);
  });

  it('asks no second question of a scope before the first has its answer', async () => {
    void asking();
    add('a');
    await settled();
    add('b');
    await advance(5_000, 500);
    expect(asked).to.deep.equal([`${V4}: a`]);
    undecided.decided(V4);
    await settled();
    expect(asked).to.deep.equal([`${V4}: a`, `${V4}: b`]);
  });

  it('asks in each scope for itself', async () => {
    void asking();
    add('a');
    add('b', 'ULA');
    await settled();
    expect(asked).to.deep.equal([`${V4}: a`, 'ULA: b']);
  });

  it('ends once nothing waits, where that is asked for, and with the signal', async () => {
    add('a');
    void asking(true);
    await settled();
    undecided.decided(V4);
    await settled();
    expect(asked).to.deep.equal([`${V4}: a`, 'end']);
    void asking();
    controller.abort();
    await settled();
    expect(asked.slice(2)).to.deep.equal(['end']);
  });

  it('forgets those that wait, and says which', async () => {
    add('a');
    add('b', 'loopback IPv4');
    expect(undecided.clear().map(({ entry: { uuid } }) => uuid)).to.deep.equal(['a', 'b']);
    void asking();
    await settled();
    expect(asked).to.deep.equal([]);
  });
});
