import { expect } from 'chai';
import { replicaTable } from '#src/cli/replicaTable.js';
import type { Replica } from '#src/replicas/readReplicas.js';

const NOW = 1_000_000;
const STYLE = { colour: false, width: 200, terminal: false };

describe('the table of replicas', () => {
  const replica = (over: Partial<Replica> = {}): Replica => ({
    ...{ instance: 'i-1', name: 'nas-1', host: 'nas', pid: 811, version: '1.0.0', leader: false },
    ...{ shares: 32, peers: 12, ip: '1.1.1.1', isolated: false, round: 3, round_finished_at: NOW - 5_000 },
    ...{ round_ok: 11, round_failed: 1, heartbeat_at: NOW - 2_000, ...over },
  });
  const lines = (...members: readonly Replica[]) => replicaTable({ members, of: 64 }, STYLE, NOW).split('\n');

  it('is none where nobody shares', () => {
    expect(replicaTable({ members: [], of: undefined }, STYLE, NOW)).to.equal('');
  });

  it('has a row for each, and says who leads', () => {
    const [title, head, first, second] = lines(replica({ leader: true }), replica({ name: 'nas-2', isolated: true }));
    expect(title).to.equal('replicas');
    expect(head).to.match(/^replica +host +process +shares +peers +public IP +answered +sign of life$/);
    expect(first).to.match(/^nas-1 \(leads\) +nas +811 +32 +12 +1\.1\.1\.1 +11 of 12 +2 s ago$/);
    expect(second).to.match(/^nas-2 +nas +811 +32 +12 +1\.1\.1\.1, offline +11 of 12 +2 s ago$/);
  });

  it('says how many shares are nobody’s, and leaves out what was not said', () => {
    const unknown = { name: null, host: null, pid: null, ip: null, round_ok: null, heartbeat_at: null };
    const [title, , first] = lines(replica(unknown));
    expect(title).to.equal('replicas, 32 shares of nobody');
    expect(first).to.match(/^i-1 +– +– +32 +12 +– +– +–$/);
  });
});
