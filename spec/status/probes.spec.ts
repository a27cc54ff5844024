import { expect } from 'chai';
import { healthOf, readinessOf } from '#src/status/probes.js';
import type { Status } from '#src/status/schema.js';
import { worldOf } from '../support/page/picture.js';

const NOW = 1_764_000_000_000;

describe('the probes', () => {
  const { status } = worldOf(10, NOW);
  const with_ = (over: Partial<Status>): Status => ({ ...status, ...over });
  const down = { ...status.redis, up: false, reason: 'refused' };
  const holder = { instance: 'other', host: 'node8', pid: 8, since: NOW };
  const noRound = { ...status.lanes, regular: { ...status.lanes.regular, rounds: 0 } };

  it('find a process alive while its heart beats, whatever else is wrong', () => {
    expect(healthOf(with_({ redis: down, isolated: true, stopping: true, lanes: noRound }))).to.include({ ok: true });
    expect(healthOf({ as_of: NOW, heartbeat_at: NOW - 29_999 }).ok).to.equal(true);
    // A clock that was set back is no silence.
    expect(healthOf({ as_of: NOW, heartbeat_at: NOW + 3_600_000 }).ok).to.equal(true);
    expect(healthOf({ as_of: NOW, heartbeat_at: NOW - 30_000 })).to.deep.equal({
      ...{ ok: false, status: 'stalled' },
      reasons: [{ code: 'stalled', text: 'no heartbeat for 30 s' }],
    });
  });

  it('find it ready where nothing speaks against it', () => {
    expect(readinessOf(status, false)).to.deep.equal({ ok: true, status: 'ready' });
  });

  it('name each reason, and without trust its code alone', () => {
    const all = with_({ redis: down, isolated: true, stopping: true, lanes: noRound });
    const codes = ['redis-down', 'starting', 'isolated', 'stopping'];
    const trusted = readinessOf(all, true);
    expect(trusted).to.include({ ok: false, status: 'not-ready' });
    expect(trusted.reasons?.map(({ code }) => code)).to.deep.equal(codes);
    expect(trusted.reasons?.[0]?.text).to.equal("Redis can't be used: refused");
    for (const { text } of trusted.reasons ?? []) expect(text).to.be.a('string');
    expect(readinessOf(all, false).reasons).to.deep.equal(codes.map((code) => ({ code })));
  });

  it('are not held up by peers without a verdict', () => {
    const pending = { ...status.lanes, pending: { ...status.lanes.pending, peers: 1_000, rounds: 0 } };
    expect(readinessOf(with_({ lanes: pending }), true).ok).to.equal(true);
  });

  it('find a standby ready, and say what it is', () => {
    const standby = with_({ replicas: { ...status.replicas, role: 'standby', holder }, lanes: noRound });
    expect(readinessOf(standby, true)).to.deep.equal({ ok: true, status: 'standby' });
  });

  it('find no standby ready that can’t reach Redis, nor one beside which nobody is known to work', () => {
    const codes = (over: Partial<Status>) => readinessOf(with_({ lanes: noRound, ...over }), false).reasons;
    const role = 'standby' as const;
    expect(codes({ redis: down, replicas: { ...status.replicas, role, holder } })?.[0]).to.deep.equal({
      code: 'redis-down',
    });
    const shares = { held: 0, of: 64, in_doubt: false, elsewhere: false };
    const never = { ...status.replicas, role, holder: null, shares };
    expect(codes({ redis: down, replicas: never })).to.deep.equal([
      ...[{ code: 'redis-down' }, { code: 'starting' }, { code: 'no-shares' }],
    ]);
    expect(codes({ replicas: { ...status.replicas, role, holder: null } })).to.deep.equal([{ code: 'starting' }]);
  });

  it('find a replica ready that has shares, and name what one lacks that has not', () => {
    const member = (over: object) =>
      with_({
        replicas: {
          ...{ ...status.replicas, role: 'member' },
          shares: { held: 32, of: 64, in_doubt: false, elsewhere: false, ...over },
        },
      });
    const reasons = (over: object) => readinessOf(member(over), false).reasons;
    expect(readinessOf(member({}), true)).to.deep.equal({ ok: true, status: 'ready' });
    expect(reasons({ held: 0 })).to.deep.equal([{ code: 'no-shares' }]);
    expect(reasons({ in_doubt: true })).to.deep.equal([{ code: 'in-doubt' }]);
    expect(reasons({ held: 0, elsewhere: true })).to.deep.equal([{ code: 'elsewhere' }, { code: 'no-shares' }]);
  });
});
