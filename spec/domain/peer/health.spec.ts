import { expect } from 'chai';
import fc from 'fast-check';
import type { CheckOutcome, PeerHealth } from '#src/domain/peer/peer.js';
import { judge, laneOf, UNCHECKED, type HealthRules, type Online } from '#src/domain/peer/health.js';

const RULES: HealthRules = { fall: 3, rise: 2 };
const good: CheckOutcome = { ok: true, latencyMs: 5 };
const bad: CheckOutcome = { ok: false, reason: 'timeout' };

/** Health after outcomes with fresh evidence before each. */
function after(outcomes: readonly CheckOutcome[], rules = RULES, start: PeerHealth = UNCHECKED): PeerHealth {
  return outcomes.reduce(
    (health, outcome, i) => judge(health, outcome, { generation: i + 1, witnesses: true }, rules).health,
    start,
  );
}

describe('judge', () => {
  const table: readonly [string, readonly CheckOutcome[], PeerHealth['state']][] = [
    ['the first success ever', [good], 'available'],
    ['a failure of an available peer', [good, bad], 'suspect'],
    ['one failure less than fall', [good, bad, bad], 'suspect'],
    ['fall failures in a row', [good, bad, bad, bad], 'unavailable'],
    ['a success between failures', [good, bad, bad, good, bad], 'suspect'],
    ['a success of a suspect', [good, bad, good], 'available'],
    ['one success less than rise', [good, bad, bad, bad, good], 'unavailable'],
    ['rise successes in a row', [good, bad, bad, bad, good, good], 'available'],
    ['a failure between successes', [good, bad, bad, bad, good, bad, good], 'unavailable'],
    ['a failure of a peer never seen', [bad], undefined],
    ['fall failures of a peer never seen', [bad, bad, bad], 'unavailable'],
    ['its first success after failures without a verdict', [bad, bad, good], 'available'],
  ];
  for (const [what, outcomes, state] of table) {
    it(`${what}: ${state ?? 'no state'}`, () => {
      expect(after(outcomes).state).to.equal(state);
    });
  }

  it('with a fall of 1 an available peer is never a suspect', () => {
    expect(after([good, bad], { fall: 1, rise: 1 }).state).to.equal('unavailable');
  });

  const health$ = fc.record<PeerHealth>({
    state: fc.constantFrom(undefined, 'available', 'suspect', 'unavailable'),
    failures: fc.nat(20),
    successes: fc.nat(5),
    countedGeneration: fc.nat(50),
  });
  const outcome$ = fc.constantFrom(good, bad);
  const rules$ = fc.record({ fall: fc.integer({ min: 1, max: 6 }), rise: fc.integer({ min: 1, max: 6 }) });
  const online$ = fc.record<Online>({ generation: fc.nat(50), witnesses: fc.boolean() });

  it('a failure without newer evidence changes nothing at all', () => {
    fc.assert(
      fc.property(health$, rules$, (before, rules) => {
        const result = judge(before, bad, { generation: before.countedGeneration, witnesses: true }, rules);
        expect(result).to.deep.equal({ health: before, counted: false });
      }),
    );
  });

  it('where nobody could ever testify, every failure counts', () => {
    fc.assert(
      fc.property(health$, rules$, fc.nat(), (before, rules, generation) => {
        expect(judge(before, bad, { generation, witnesses: false }, rules).counted).to.equal(true);
      }),
    );
  });

  it('no peer becomes unavailable by fewer than fall counted failures in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(outcome$, online$)), rules$, (checks, rules) => {
        let health = UNCHECKED;
        let inARow = 0;
        for (const [outcome, online] of checks) {
          const before = health;
          const result = judge(before, outcome, online, rules);
          health = result.health;
          if (outcome.ok) inARow = 0;
          else if (result.counted) inARow += 1;
          if (before.state !== 'unavailable' && health.state === 'unavailable') expect(inARow).to.equal(rules.fall);
          expect(health.failures).to.equal(inARow);
        }
      }),
    );
  });

  it('a peer that answers is never worse off than before, and after rise answers it is available', () => {
    fc.assert(
      fc.property(health$, rules$, online$, (before, rules, online) => {
        let health = before;
        for (let i = 0; i < rules.rise; i += 1) health = judge(health, good, online, rules).health;
        expect(health.state).to.equal('available');
        expect(health.failures).to.equal(0);
      }),
    );
  });

  it('each state has a lane of its own, and so have the peers without one', () => {
    const lanes = ([undefined, 'available', 'suspect', 'unavailable'] as const).map((state) => laneOf({ state }));
    expect(lanes).to.deep.equal(['pending', 'regular', 'suspect', 'unavailable']);
  });
});
