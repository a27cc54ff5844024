import { expect } from 'chai';
import fc from 'fast-check';
import { decide as decideOn, stillKnown, type Streak, type Vote, type VoteRules } from '#src/domain/ip/votes.js';

const A = '1.1.1.1';
const B = '8.8.8.8';

/** The answers of sources that go by their place: x, y, z and so on. */
const votes = (answers: readonly (string | undefined)[]): Vote[] =>
  answers.map((ip, i) => ({ source: 'xyzuvwrst'.charAt(i), ip }));
const decide = (answers: readonly (string | undefined)[], rules: VoteRules, streak: Streak | undefined) =>
  decideOn(votes(answers), rules, streak);

describe('decide', () => {
  const rules = (sources: number, quorum = 2) => ({ quorum, confirmations: 3, sources });
  const streak = (ip: string, count: number, ...sources: string[]): Streak => ({ ip, count, sources });

  it('a quorum that agrees is an address', () => {
    const address = (...agreed: string[]) => ({ result: 'address', ip: A, agreed });
    expect(decide([A, A], rules(2), undefined)).to.deep.equal(address('x', 'y'));
    expect(decide([A, B, A], rules(3), undefined)).to.deep.equal(address('x', 'z'));
    expect(decide([undefined, A, A], rules(3), streak(A, 1, 'x'))).to.deep.equal(address('y', 'z'));
  });

  it('as many votes for another is a disagreement', () => {
    expect(decide([A, A, B, B], rules(4), undefined)).to.deep.equal({ result: 'disagree', answers: [A, B] });
    expect(decide([A, B], rules(2), undefined)).to.deep.equal({ result: 'disagree', answers: [A, B] });
  });

  it('nobody answering is unknown', () => {
    expect(decide([undefined, undefined], rules(2), streak(A, 2))).to.deep.equal({ result: 'unknown' });
    expect(decide([], rules(2), undefined)).to.deep.equal({ result: 'unknown' });
  });

  it('fewer than a quorum have to say the same in polls in a row', () => {
    const after = (...args: Parameters<typeof streak>) => ({ result: 'unconfirmed', streak: streak(...args) });
    expect(decide([A, undefined], rules(2), undefined)).to.deep.equal(after(A, 1, 'x'));
    expect(decide([undefined, A], rules(2), streak(A, 1, 'x'))).to.deep.equal(after(A, 2, 'x', 'y'));
    expect(decide([undefined, A], rules(2), streak(A, 2, 'y', 'x'))).to.deep.equal({
      result: 'address',
      ip: A,
      agreed: ['y', 'x'],
    });
    expect(decide([undefined, B], rules(2), streak(A, 2, 'x'))).to.deep.equal(after(B, 1, 'y'));
  });

  it('two that differ, below the quorum, are a disagreement', () => {
    expect(decide([A, B, undefined], rules(3, 3), streak(A, 2)).result).to.equal('disagree');
  });

  it('a single source is its own quorum', () => {
    expect(decide([A], rules(1), undefined)).to.deep.equal({ result: 'address', ip: A, agreed: ['x'] });
  });

  it('one liar never wins against a quorum of two or more where two others answer right', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 0, max: 3 }),
        fc.nat(10),
        (right, quorum, silent, where) => {
          const answers: (string | undefined)[] = [
            ...Array.from({ length: right }, () => A),
            ...Array.from({ length: silent }, () => undefined),
          ];
          answers.splice(where % (answers.length + 1), 0, B);
          const verdict = decide(answers, { quorum, confirmations: 3, sources: answers.length }, streak(B, 1_000));
          expect(verdict).to.not.deep.include({ ip: B });
        },
      ),
    );
  });

  it('an address that wins was answered, and by more than any other', () => {
    const answers$ = fc.array(fc.constantFrom(A, B, '9.9.9.9', undefined), { maxLength: 8 });
    fc.assert(
      fc.property(answers$, fc.integer({ min: 1, max: 5 }), (answers, quorum) => {
        const verdict = decide(answers, { quorum, confirmations: 3, sources: 8 }, undefined);
        if (verdict.result !== 'address') return;
        const count = (ip: string) => answers.filter((answer) => answer === ip).length;
        expect(verdict.agreed.length).to.equal(count(verdict.ip)).and.at.least(quorum);
        for (const other of answers) {
          if (other !== undefined && other !== verdict.ip) expect(count(other)).to.be.lessThan(count(verdict.ip));
        }
      }),
    );
  });

  const answer$ = fc.constantFrom(A, B, '9.9.9.9', undefined);
  const answers$ = fc.array(answer$, { maxLength: 8 });
  const quorum$ = fc.integer({ min: 1, max: 5 });
  const streak$ = fc.option(
    fc.record({ ip: fc.constantFrom(A, B), count: fc.integer({ min: 1, max: 9 }), sources: fc.constant(['q']) }),
    {
      nil: undefined,
    },
  );

  it('is the contract in other words: a quorum and a majority, or one voice often enough, or nothing', () => {
    fc.assert(
      fc.property(answers$, quorum$, streak$, (answers, quorum, before) => {
        const needed = Math.min(quorum, 8);
        const given = answers.filter((ip) => ip !== undefined);
        const count = (ip: string) => given.filter((other) => other === ip).length;
        const winner = given.find(
          (ip) => count(ip) >= needed && given.every((other) => other === ip || count(other) < count(ip)),
        );
        const alone = new Set(given).size === 1 && given.length < needed ? given[0] : undefined;
        const times = before?.ip === alone ? (before?.count ?? 0) + 1 : 1;

        const { result } = decide(answers, rules(8, quorum), before);

        if (winner !== undefined) expect(result).to.equal('address');
        else if (given.length === 0) expect(result).to.equal('unknown');
        else if (alone === undefined) expect(result).to.equal('disagree');
        else expect(result).to.equal(times >= 3 ? 'address' : 'unconfirmed');
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the order of the answers', () => {
    const shuffled$ = answers$
      .map(votes)
      .chain((cast) => fc.tuple(fc.constant(cast), fc.shuffledSubarray(cast, { minLength: cast.length })));
    fc.assert(
      fc.property(shuffled$, quorum$, streak$, ([cast, shuffled], quorum, before) => {
        const sorted = (list: readonly Vote[]) => {
          const verdict = decideOn(list, rules(8, quorum), before);
          switch (verdict.result) {
            case 'address':
              return { ...verdict, agreed: verdict.agreed.toSorted() };
            case 'unconfirmed':
              return { ...verdict, streak: { ...verdict.streak, sources: verdict.streak.sources.toSorted() } };
            case 'disagree':
              return { ...verdict, answers: verdict.answers.toSorted() };
            default:
              return verdict;
          }
        };
        expect(sorted(shuffled)).to.deep.equal(sorted(cast));
      }),
      { numRuns: 1_000 },
    );
  });

  it('a lone voice is believed after exactly as many polls in a row as were asked for, and starts anew when broken', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 5 }), (confirmations, heardBefore) => {
        const options = { quorum: 2, confirmations, sources: 2 };
        const poll = (answers: readonly (string | undefined)[], before: Streak | undefined) => {
          const verdict = decide(answers, options, before);
          return { verdict, streak: verdict.result === 'unconfirmed' ? verdict.streak : undefined };
        };
        let state: Streak | undefined;
        for (let n = 1; n <= Math.min(heardBefore, confirmations - 1); n += 1) state = poll([B], state).streak;
        state = poll([undefined, undefined], state).streak;
        expect(state).to.equal(undefined);
        for (let n = 1; n <= confirmations; n += 1) {
          const { verdict, streak: next } = poll([undefined, A], state);
          expect(verdict.result).to.equal(n === confirmations ? 'address' : 'unconfirmed');
          state = next;
        }
      }),
    );
  });

  it('no answer at all is unknown, whatever was heard before: silence confirms nothing', () => {
    fc.assert(
      fc.property(fc.nat(8), quorum$, streak$, (silent, quorum, before) => {
        const answers = Array.from({ length: silent }, () => undefined);
        expect(decide(answers, rules(8, quorum), before)).to.deep.equal({ result: 'unknown' });
      }),
    );
  });
});

describe('stillKnown', () => {
  it('is what is known where somebody bears it out and nobody contradicts it', () => {
    expect(stillKnown(votes([undefined, A]), A)).to.deep.equal({ result: 'address', ip: A, agreed: ['y'] });
    expect(stillKnown(votes([A, B]), A)).to.equal(undefined);
    expect(stillKnown(votes([undefined]), A)).to.equal(undefined);
    expect(stillKnown(votes([A]), undefined)).to.equal(undefined);
  });
});
