import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { skipBecause } from '../support/skip.js';

const UNIT = fileURLToPath(new URL('../../../deploy/consumer-scheduler.service', import.meta.url));
/** What may be exposed at most, as systemd-analyze counts: from 0 to 10. */
const MOST_EXPOSED = 1.5;

describe('the unit for systemd', () => {
  const text = readFileSync(UNIT, 'utf8');
  const values = (key: string): string[] =>
    text.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));
  const analyze = (...words: string[]) => spawnSync('systemd-analyze', [...words, UNIT], { encoding: 'utf8' });
  const needsSystemd = (context: Mocha.Context): void => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) skipBecause(context, 'there is no systemd-analyze');
  };

  it('leaves little exposed, with V8 still running', function () {
    needsSystemd(this);
    const { stdout, stderr } = analyze('security', '--offline=true', '--no-pager');
    const [, exposed = ''] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    expect(exposed, stderr).to.match(/^\d+\.\d$/);
    expect(Number(exposed)).to.be.at.most(MOST_EXPOSED);
    expect(values('MemoryDenyWriteExecute')).to.not.include('yes');
  });

  it('has nothing in it that systemd does not know', function () {
    needsSystemd(this);
    const { stderr } = analyze('verify', '--man=no');
    // Where node is, is for each host to say.
    const complaints = stderr.split('\n').filter((line) => line !== '' && !line.includes('is not executable'));
    expect(complaints).to.deep.equal([]);
  });

  it('is heard by systemd, by way of a process of its own, and is watched', () => {
    expect(values('Type')).to.deep.equal(['notify']);
    expect(values('NotifyAccess')).to.deep.equal(['all']);
    expect(Number(values('WatchdogSec')[0])).to.be.within(30, 120);
    expect(values('TimeoutStartSec')).to.deep.equal(['infinity']);
    expect(values('ExecReload')).to.deep.equal(['/bin/kill -HUP $MAINPID']);
    expect(values('RestrictAddressFamilies')[0]?.split(' ')).to.include('AF_UNIX');
  });

  it('leaves the embedded server to the scheduler, which still needs it after the signal to stop', () => {
    expect(values('KillMode')).to.deep.equal(['mixed']);
    expect(Number(values('TimeoutStopSec')[0])).to.be.greaterThan(20);
  });

  it('starts after Redis and stops before it, under each of its names', () => {
    expect(values('After').join(' ').split(' ')).to.include.members(['redis.service', 'redis-server.service']);
  });

  it('is started again after a pause, however often, but not with a configuration that is not valid', () => {
    expect(values('Restart')).to.deep.equal(['on-failure']);
    expect(Number(values('RestartSec')[0])).to.be.at.least(1);
    expect(values('StartLimitIntervalSec')).to.deep.equal(['0']);
    expect(values('RestartPreventExitStatus')).to.deep.equal(['2']);
  });

  it('may write where the documentation has the embedded server keep its data, and nowhere else', () => {
    const [state = ''] = values('StateDirectory');
    const place = `/var/lib/${state}/data`;
    for (const page of ['docs/running.md', 'consumer-scheduler.example.yaml']) {
      expect(readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')).to.include(place);
    }
    expect(values('ProtectSystem')).to.deep.equal(['strict']);
    expect([...values('ReadWritePaths'), ...values('BindPaths')]).to.deep.equal([]);
  });

  it('runs as a user whose group may read the configuration, as the documentation says', () => {
    const page = readFileSync(new URL('../../../docs/running.md', import.meta.url), 'utf8');
    const [user = ''] = values('User');
    expect(values('Group')).to.deep.equal([user]);
    const [, config = ''] = / run --config (\S+)$/.exec(values('ExecStart')[0] ?? '') ?? [];
    expect(page)
      .to.include(`useradd --system`)
      .and.match(new RegExp(`install .*-g ${user} .* ${config}`));
  });
});
