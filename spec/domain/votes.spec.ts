import { expect } from 'chai';
import fc from 'fast-check';
import { decide, type Streak } from '#src/domain/votes.js';

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
});
