import { expect } from 'chai';
import fc from 'fast-check';
import { decide, type Streak } from '#src/domain/ip/votes.js';

const A = '1.1.1.1';
const B = '8.8.8.8';

describe('decide', () => {
  const rules = (sources: number, quorum = 2) => ({ quorum, confirmations: 3, sources });
  const streak = (ip: string, count: number): Streak => ({ ip, count });

  it('a quorum that agrees is an address', () => {
    expect(decide([A, A], rules(2), undefined)).to.deep.equal({ result: 'address', ip: A });
    expect(decide([A, B, A], rules(3), undefined)).to.deep.equal({ result: 'address', ip: A });
    expect(decide([undefined, A, A], rules(3), undefined)).to.deep.equal({ result: 'address', ip: A });
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
    expect(decide([A, undefined], rules(2), undefined)).to.deep.equal({ result: 'unconfirmed', streak: streak(A, 1) });
    expect(decide([undefined, A], rules(2), streak(A, 1))).to.deep.equal({
      result: 'unconfirmed',
      streak: streak(A, 2),
    });
    expect(decide([undefined, A], rules(2), streak(A, 2))).to.deep.equal({ result: 'address', ip: A });
    expect(decide([undefined, B], rules(2), streak(A, 2))).to.deep.equal({
      result: 'unconfirmed',
      streak: streak(B, 1),
    });
  });

  it('two that differ, below the quorum, are a disagreement', () => {
    expect(decide([A, B, undefined], rules(3, 3), streak(A, 2)).result).to.equal('disagree');
  });

  it('a single source is its own quorum', () => {
    expect(decide([A], rules(1), undefined)).to.deep.equal({ result: 'address', ip: A });
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
        const votes = (ip: string) => answers.filter((answer) => answer === ip).length;
        expect(votes(verdict.ip)).to.be.at.least(quorum);
        for (const other of answers) {
          if (other !== undefined && other !== verdict.ip) expect(votes(other)).to.be.lessThan(votes(verdict.ip));
        }
      }),
    );
  });

  const answer$ = fc.constantFrom(A, B, '9.9.9.9', undefined);
  const answers$ = fc.array(answer$, { maxLength: 8 });
  const quorum$ = fc.integer({ min: 1, max: 5 });
  const streak$ = fc.option(fc.record({ ip: fc.constantFrom(A, B), count: fc.integer({ min: 1, max: 9 }) }), {
    nil: undefined,
  });

  it('is the contract in other words: a quorum and a majority, or one voice often enough, or nothing', () => {
    fc.assert(
      fc.property(answers$, quorum$, streak$, (answers, quorum, before) => {
        const needed = Math.min(quorum, 8);
        const given = answers.filter((ip) => ip !== undefined);
        const votes = (ip: string) => given.filter((other) => other === ip).length;
        const winner = given.find(
          (ip) => votes(ip) >= needed && given.every((other) => other === ip || votes(other) < votes(ip)),
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
    const shuffled$ = answers$.chain((answers) =>
      fc.tuple(fc.constant(answers), fc.shuffledSubarray(answers, { minLength: answers.length })),
    );
    fc.assert(
      fc.property(shuffled$, quorum$, streak$, ([answers, shuffled], quorum, before) => {
        const sorted = (list: typeof answers) => {
          const verdict = decide(list, rules(8, quorum), before);
          return verdict.result === 'disagree' ? { ...verdict, answers: verdict.answers.toSorted() } : verdict;
        };
        expect(sorted(shuffled)).to.deep.equal(sorted(answers));
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
