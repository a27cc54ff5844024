import { expect } from 'chai';
import { lamps, type LampInput } from '#src/domain/text/lamps.js';

const NOW = 1_764_000_000_000;
const WELL: LampInput = {
  as_of: NOW,
  stopping: false,
  isolated: false,
  redis: { up: true, latency_ms: 0.41, failing: [] },
  round: { took_ms: 900, number: 8_412 },
  replicas: { role: 'leader', holder: null },
  config: { rejected: null },
  line: [{ scope: 'public IPv4', isolated_since: null, last_answer_at: NOW - 2_000 }],
  problems: [],
  peers: { consumers: { suspect: 1, unavailable: 14 } },
  failing: [{ reason: 'timeout', count: 15 }],
  reachability: { they_answer_us: { count: 1_486, of: 1_500 } },
};

const glows = (change: Partial<LampInput>): string =>
  lamps({ ...WELL, ...change })
    .map(({ glow }) => glow)
    .join(' ');
const problem = (code: string): Partial<LampInput> => ({ problems: [{ code }] });

describe('the lamps', () => {
  it('are all well although some peers are away: that is the weather', () => {
    expect(lamps(WELL)).to.deep.equal([
      { name: 'Me', glow: 'ok', word: 'ok', evidence: 'Redis answers, 0.4 ms; round 8,412' },
      { name: 'Line', glow: 'ok', word: 'ok', evidence: 'a peer answered 2 s ago' },
      { name: 'Them', glow: 'ok', word: '14 away', evidence: 'of 1,500, 1 suspect: 15 timeout' },
    ]);
  });

  it('tell us from the line and from them', () => {
    expect(glows({ redis: { up: false, latency_ms: null, failing: [] } })).to.equal('bad ok ok');
    expect(glows({ redis: { up: true, latency_ms: 1, failing: [{}] } })).to.equal('bad ok ok');
    expect(glows(problem('host-short'))).to.equal('bad ok ok');
    expect(glows(problem('not-called'))).to.equal('ok bad ok');
    expect(glows(problem('many-failing'))).to.equal('ok ok notice');
    expect(glows({ reachability: { they_answer_us: { count: 0, of: 1 } } })).to.equal('ok ok notice');
  });

  it('blame the line only where we are isolated', () => {
    const line = [{ scope: 'public IPv4', isolated_since: NOW - 240_000, last_answer_at: NOW - 300_000 }];
    expect(glows({ isolated: true, line })).to.equal('ok bad ok');
    expect(glows({ isolated: false, line })).to.equal('ok notice ok');
    expect(lamps({ ...WELL, isolated: true, line })[1]?.evidence).to.equal('no witness answers: public IPv4 for 4 min');
  });

  it('are no worse than a note at the beginning, in standby and while stopping', () => {
    expect(glows({ stopping: true })).to.equal('notice ok ok');
    const standby = (holder: unknown, redis = WELL.redis): string | undefined =>
      lamps({ ...WELL, redis, replicas: { role: 'standby', holder } })[0]?.evidence;
    expect(glows({ replicas: { role: 'standby', holder: {} } })).to.equal('notice ok ok');
    expect(standby({})).to.equal('another scheduler works, this one waits');
    expect(standby(null)).to.equal('no scheduler works yet, this one waits');
    expect(standby(null, { ...WELL.redis, up: false })).to.equal(
      'Redis cannot be used; nothing is checked here until it is there',
    );
    expect(glows({ config: { rejected: {} } })).to.equal('notice ok ok');
    const round = { took_ms: null, number: null };
    expect(glows({ line: [], round, reachability: { they_answer_us: { count: 0, of: 0 } } })).to.equal(
      'ok notice notice',
    );
    expect(glows({ peers: { consumers: { suspect: 0, unavailable: 0 } } })).to.equal('ok ok ok');
  });
});
