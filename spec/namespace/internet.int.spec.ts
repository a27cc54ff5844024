import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { skipBecause } from '../support/skip.js';
import { ADDRESSES, HOSTS } from './addresses.js';

const MOCHA = fileURLToPath(new URL('../../../node_modules/mocha/bin/mocha.js', import.meta.url));
const INNER = fileURLToPath(new URL('./internet.inner.js', import.meta.url));

/** A network of its own in which all those addresses are this host's, and names are looked up in a file of ours. */
const SETUP = `
set -e
ip link set lo up
for address in ${ADDRESSES.join(' ')}; do ip address add "$address/32" dev lo; done
mount --bind "$HOSTS_FILE" /etc/hosts
exec "$@"
`;

function canMakeNamespaces(): boolean {
  return spawnSync('unshare', ['--net', '--mount', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
}

/** Public addresses, port 80 and the real public-ip package, as in production; nothing leaves the namespace. */
describe('the built program on an internet of its own', () => {
  it('does its whole job', function () {
    if (!canMakeNamespaces())
      skipBecause(this, 'no network namespace can be made, which takes root, unshare(1) and ip(8)');
    const folder = mkdtempSync(join(tmpdir(), 'internet-'));
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, HOSTS);
    const command = [process.execPath, MOCHA, '--no-config', '--timeout', '40000', '--exit', INNER];
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--net', '--mount', '--propagation', 'private', 'sh', '-c', SETUP, 'sh', ...command],
      { encoding: 'utf8', timeout: 80_000, killSignal: 'SIGKILL', env: { ...process.env, HOSTS_FILE: hosts } },
    );
    rmSync(folder, { recursive: true });
    expect(status, `${stdout}${stderr}`).to.equal(0);
    expect(stdout).to.match(/[1-9]\d* passing/);
  }).timeout(90_000);
});
