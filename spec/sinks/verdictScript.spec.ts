import { expect } from 'chai';
import type { Guard } from '#src/domain/share.js';
import { UNCHECKED } from '#src/domain/peer/health.js';
import { locksOf, toArguments, toKeys, type RowWrite } from '#src/sinks/verdictScript.js';
import type { UnwrittenRow } from '#src/state/peerRow.js';
import { keys } from '../support/registry.js';

const LOCK: Guard = { key: 'p2p:leader', token: 'us:3' };

const row = (over: Partial<UnwrittenRow> = {}): UnwrittenRow => ({
  ...{ uuid: 'a', ip: '1.1.1.1', port: '8080', health: { ...UNCHECKED, state: 'available' }, error: null },
  ...{ results: '.', unwritten: 'verdict', resultCount: 1, tallyBegan: 0, checkedAt: 2_000, revision: 1 },
  ...{ okAt: 2_000, latencyMs: 12, stateAt: 1_000 },
  ...over,
});
const write = (over: Partial<UnwrittenRow> = {}, rest: Partial<RowWrite> = {}): RowWrite => ({
  ...{ row: row(over), tally: undefined, guard: LOCK },
  ...rest,
});
/** What the script is told of one row. */
const told = (over: Partial<UnwrittenRow>, rest: Partial<RowWrite> = {}): string => {
  const one = write(over, rest);
  return String(toArguments(keys, { hours: 0, days: 0 }, [one], locksOf([one]), '')[7]);
};

describe('what the script of verdicts is told of a row', () => {
  const failing = { ...UNCHECKED, state: 'suspect' as const, failures: 2 };
  const fallen = { ...UNCHECKED, state: 'unavailable' as const, failures: 3 };
  const unjudged = { ...UNCHECKED, failures: 1 };
  const failed = { error: 'timeout', results: 'x', okAt: 0, latencyMs: 0 } as const;
  const cases: readonly (readonly [string, Partial<UnwrittenRow>, string])[] = [
    ['a verdict with an answer', {}, 'available|1000|.|none|1|0|2000|12|2000||1|'],
    ['a verdict without one', { ...failed, health: failing }, 'suspect|1000|x|timeout|1|2|||2000||1|'],
    ['a peer that is not available', { ...failed, health: fallen }, 'unavailable|1000|x|timeout|0|3|||2000||1|'],
    ['a peer without a state', { ...failed, health: unjudged }, 'none|1000|x|timeout|0|1|||2000||1|'],
    ['a state of which the time is not known', { stateAt: 0 }, 'available|2000|.|none|1|0|2000|12|2000||1|'],
    [
      'a check that was not held against it: neither state nor failures',
      { ...failed, unwritten: 'check', health: failing, results: '-' },
      '|1000|-|timeout|||||2000||1|',
    ],
    [
      'an entry that may not be called: no check',
      { ...failed, unwritten: 'fault', health: fallen, error: 'address-denied', results: '' },
      'unavailable|1000||address-denied|0|||||' + '|1|',
    ],
    [
      'one that may not be called and has no state: none is removed',
      { ...failed, unwritten: 'fault', health: unjudged, error: 'address-invalid', results: '' },
      '|1000||address-invalid|0|||||' + '|1|',
    ],
    [
      'a history alone: nothing else, not even that there is no error',
      { ...failed, unwritten: 'nothing', results: '', error: null },
      '|1000|||||||||1|',
    ],
    ['a history alone, whatever the error', { ...failed, unwritten: 'nothing', results: '' }, '|1000|||||||||1|'],
  ];
  for (const [what, over, text] of cases) {
    it(what, () => {
      expect(told(over)).to.equal(`${text}1.1.1.1|8080`);
    });
  }

  it('a tally: since when, the results and the codes', () => {
    const tally = { began: 7, answered: 1, failed: 2, withheld: 3, codes: 58 };
    expect(told({}, { tally })).to.equal('available|1000|.|none|1|0|2000|12|2000|7 1 2 3 58|1|1.1.1.1|8080');
  });

  it('an address that lacks a part: as a text without anything', () => {
    expect(told({ ip: null, port: null })).to.equal('available|1000|.|none|1|0|2000|12|2000||1||');
  });

  it('which lock it is written under, each lock once, with its token at the end', () => {
    const other: Guard = { key: 'p2p:lock-1', token: 'us:4' };
    const rows = [write(), write({ uuid: 'b' }, { guard: other }), write({ uuid: 'c' })];
    const locks = locksOf(rows);
    const args = toArguments(keys, { hours: 24, days: 2 }, rows, locks, 'nas-1');
    expect(args.slice(0, 7)).to.deep.equal([24, 2, 3 * 86_400_000, 3, 2, 'nas-1', 'p2p:consumer:'.length]);
    expect(args.slice(7, 10).map((text) => String(text).split('|').at(-3))).to.deep.equal(['1', '2', '1']);
    expect(args.slice(10)).to.deep.equal(['us:3', 'us:4']);
    expect(toKeys(keys, rows, locks).slice(-2)).to.deep.equal(['p2p:leader', 'p2p:lock-1']);
  });
});
