import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '#src/config/load.js';
import { ROOT } from '../support/clone.js';

const recipe = (name: string): string => join(ROOT, 'scripts/deb', name);
const CONFIG = '/etc/consumer-scheduler/config.yaml';

describe('the Debian package', () => {
  it('has scripts that a plain shell can read, and that stop at the first failure', () => {
    for (const name of ['postinst', 'prerm', 'postrm', 'consumer-scheduler.sh']) {
      const { status, stderr } = spawnSync('sh', ['-n', recipe(name)], { encoding: 'utf8' });
      expect(status, `${name}: ${stderr}`).to.equal(0);
      if (!name.endsWith('.sh')) expect(readFileSync(recipe(name), 'utf8'), name).to.match(/^set -e$/m);
    }
  });

  it('has a configuration that lacks nothing but the UUID, which the installation makes', async () => {
    const { config, warnings } = await loadConfig({
      file: recipe('config.yaml'),
      env: { LOCAL_UUID: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11' },
    });
    expect(warnings).to.deep.equal([]);
    expect(config.redis.dataDir).to.equal('/var/lib/consumer-scheduler/data');
    expect(config.network.allow).to.deep.equal(['public']);
  });

  it('finds in the unit what it replaces there, and never writes to the conffile', () => {
    const unit = readFileSync(join(ROOT, 'deploy/consumer-scheduler.service'), 'utf8');
    expect(unit).to.include('/usr/bin/node /opt/consumer-scheduler/').and.include(`--config ${CONFIG}`);
    expect(unit).to.include('file:///opt/consumer-scheduler/README.md');
    const postinst = readFileSync(recipe('postinst'), 'utf8');
    expect(postinst)
      .to.include(`config=${CONFIG}`)
      .and.not.match(/>>? ?\$config|sed -i/);
  });
});
