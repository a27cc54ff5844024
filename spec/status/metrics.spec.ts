import { execFileSync, spawnSync } from 'node:child_process';
import { expect } from 'chai';
import type { SchedulerEvent } from '#src/events.js';
import { Metrics } from '#src/status/metrics.js';
import { skipBecause } from '../support/skip.js';
import { worldOf } from '../support/page/picture.js';

const NOW = 1_764_000_000_000;
/** Those of the contract that exist so far, with their labels. */
const NAMES = [
  ...['sync_requests_total', 'sync_request_duration_seconds', 'peers', 'rounds_total', 'round_duration_seconds'],
  ...['freshness_seconds', 'ip_polls_total', 'ip_changes_total', 'announcements_total', 'announcements_pending'],
  ...['announcement_oldest_seconds', 'redis_up', 'isolated', 'unwritten_verdicts', 'config_reloads_total'],
  ...['last_round_timestamp_seconds', 'build_info', 'leader', 'replicas'],
  ...['shares', 'fenced_writes_total', 'takeover_seconds'],
];

describe('the metrics', () => {
  const { status } = worldOf(40, NOW);
  let metrics: Metrics;
  const accept = (...events: readonly SchedulerEvent[]): void => {
    for (const event of events) metrics.accept(event);
  };
  /** The value of each sample of these metrics, without the prefix. */
  const samples = async (name: string): Promise<Readonly<Record<string, number>>> => {
    const text = await metrics.text(status);
    const lines = text.split('\n').filter((line) => line.startsWith(`consumer_scheduler_${name}`));
    return Object.fromEntries(
      lines.map((line) => {
        const [key = '', value = ''] = line.slice('consumer_scheduler_'.length).split(/ (?=\S+$)/);
        return [key, Number(value)];
      }),
    );
  };

  beforeEach(() => {
    metrics = new Metrics({ version: '1.2.3', node: 'v20.19.0' }, { fenced: new Map() });
  });

  it('have the names that are promised, and no other of their own', async () => {
    const text = await metrics.text(status);
    const own = [...text.matchAll(/^# TYPE consumer_scheduler_(\w+)/gm)].map(([, name = '']) => name);
    expect(own).to.have.members(NAMES);
    expect(text)
      .to.match(/^process_cpu_seconds_total /m)
      .and.match(/^nodejs_heap_size_used_bytes /m);
  });

  it('count checks by what they came to', async () => {
    const check = (outcome: object): SchedulerEvent =>
      ({ kind: 'peer.checked', lane: 'regular', check: { uuid: 'u', at: NOW, outcome } }) as SchedulerEvent;
    accept(check({ ok: true, latencyMs: 30 }), check({ ok: true, latencyMs: 3_000 }));
    accept(check({ ok: false, reason: 'timeout' }), check({ ok: false, reason: 'http-503' }));
    expect(await samples('sync_requests_total')).to.deep.equal({
      'sync_requests_total{result="ok"}': 2,
      'sync_requests_total{result="timeout"}': 1,
      'sync_requests_total{result="http-503"}': 1,
    });
    expect(await samples('sync_request_duration_seconds')).to.include({
      'sync_request_duration_seconds_bucket{le="0.05"}': 1,
      sync_request_duration_seconds_count: 2,
      sync_request_duration_seconds_sum: 3.03,
    });
  });

  it('count rounds of every lane from nought, and time those that end', async () => {
    const finished = { kind: 'round.finished', skipped: 0, at: NOW, round: 1, ok: 0, failed: 0, local: 0 } as const;
    accept({ ...finished, lane: 'regular', tookMs: 700, aborted: false });
    accept({ ...finished, lane: 'suspect', tookMs: 7, aborted: true, at: NOW + 5_000 });
    accept({ kind: 'round.skipped', at: NOW, lane: 'regular' });
    const rounds = await samples('rounds_total');
    expect(Object.keys(rounds).length).to.equal(12);
    expect(rounds).to.include({
      'rounds_total{lane="regular",result="completed"}': 1,
      'rounds_total{lane="regular",result="skipped"}': 1,
      'rounds_total{lane="suspect",result="aborted"}': 1,
      'rounds_total{lane="unavailable",result="completed"}': 0,
    });
    expect(await samples('round_duration_seconds_sum')).to.include({
      'round_duration_seconds_sum{lane="regular"}': 0.7,
    });
    expect(await samples('last_round_timestamp')).to.deep.equal({ last_round_timestamp_seconds: NOW / 1_000 });
  });

  it('count polls, changes, announcements and reloads', async () => {
    accept({ kind: 'ip.polled', at: NOW, source: 'dns', result: 'ok' });
    accept({ kind: 'ip.polled', at: NOW, source: 'dns', result: 'timeout' });
    accept({ kind: 'ip.changed', at: NOW, ip: '1.2.3.4', previous: undefined, producers: 1 });
    const told = { at: NOW, uuid: 'u', ip: '1.2.3.4', attempts: 1 };
    accept({ kind: 'announcement.acknowledged', ...told, again: false });
    accept({ kind: 'announcement.failed', ...told, reason: 'refused', retryInMs: 1 });
    accept({ kind: 'config.reloaded', at: NOW, changed: [] }, { kind: 'config.rejected', at: NOW, problems: ['x'] });
    expect(await samples('ip_')).to.deep.equal({
      'ip_polls_total{source="dns",result="ok"}': 1,
      'ip_polls_total{source="dns",result="timeout"}': 1,
      ip_changes_total: 1,
    });
    expect(await samples('announcements_total')).to.deep.equal({
      'announcements_total{result="ok"}': 1,
      'announcements_total{result="refused"}': 1,
    });
    expect(await samples('config_reloads_total')).to.deep.equal({
      'config_reloads_total{result="ok"}': 1,
      'config_reloads_total{result="rejected"}': 1,
    });
  });

  it('hold no address and no UUID in a label', async () => {
    for (const source of ['10.0.0.5', '10.0.0.5:8080', '[2001:db8::1]', '[2001:db8::1]:8080', 'dns', 'ip.example:81']) {
      accept({ kind: 'ip.polled', at: NOW, source, result: 'ok', answer: '203.0.113.9' });
    }
    expect(Object.keys(await samples('ip_polls_total'))).to.have.members([
      'ip_polls_total{source="url",result="ok"}',
      'ip_polls_total{source="dns",result="ok"}',
      'ip_polls_total{source="ip.example:81",result="ok"}',
    ]);
    const text = await metrics.text(status);
    expect(text).to.not.match(/\d+\.\d+\.\d+\.\d+|[0-9a-f]{8}-[0-9a-f]{4}|2001:db8/);
  });

  it('count the peers of each kind in the states that the API tells', async () => {
    const peers = await samples('peers');
    const states = (kind: string): readonly string[] =>
      Object.keys(peers).flatMap((key) => new RegExp(`kind="${kind}",state="(\\w+)"`).exec(key)?.[1] ?? []);
    expect(states('consumer')).to.have.members(['available', 'suspect', 'unavailable', 'pending', 'denied', 'invalid']);
    expect(states('producer')).to.have.members(['knows', 'owing', 'untold', 'denied', 'invalid']);
    const total = (kind: string): number =>
      Object.entries(peers).reduce((sum, [key, n]) => sum + (key.includes(`kind="${kind}"`) ? n : 0), 0);
    expect(total('consumer')).to.equal(40);
    expect(total('producer')).to.equal(5);
    const counts = { knows: 1, owing: 2, untold: 3, denied: 4, invalid: 5 };
    const text = await metrics.text({ ...status, announcements: { ...status.announcements, producer_states: counts } });
    for (const [state, n] of Object.entries(counts)) {
      expect(text).to.match(new RegExp(`peers\\{kind="producer",state="${state}"\\} ${n}$`, 'm'));
    }
  });

  it('are what promtool accepts', async function () {
    const found = spawnSync('promtool', ['--version'], { stdio: 'ignore' });
    if (found.error !== undefined) skipBecause(this, 'there is no promtool(1)');
    accept({ kind: 'ip.polled', at: NOW, source: 'dns', result: 'ok' });
    const input = await metrics.text(status);
    expect(
      execFileSync('promtool', ['check', 'metrics'], { input, stdio: ['pipe', 'pipe', 'pipe'] }).toString(),
    ).to.equal('');
  });
});
