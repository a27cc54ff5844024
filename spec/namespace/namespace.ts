import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { skipBecause } from '../support/skip.js';

const MOCHA = fileURLToPath(new URL('../../../node_modules/mocha/bin/mocha.js', import.meta.url));

/** Skips the spec where no namespace can be made in which these commands work. */
export function skipWithoutNamespaces(context: Mocha.Context, commands: readonly string[] = []): void {
  const probe = ['set -e', 'ip link set lo up', ...commands].join('\n');
  const { status } = spawnSync('unshare', ['--net', '--mount', 'sh', '-c', probe]);
  if (status !== 0) skipBecause(context, 'no network namespace can be made, which takes root, unshare(1) and ip(8)');
}

/** Runs the specs of one file in a network of their own, where those commands were run and names are these. */
export function expectPassing(file: string, commands: readonly string[], hosts: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'internet-'));
  const named = join(folder, 'hosts');
  writeFileSync(named, hosts);
  const setUp = ['set -e', 'ip link set lo up', ...commands, 'mount --bind "$HOSTS_FILE" /etc/hosts', 'exec "$@"'];
  const inner = fileURLToPath(new URL(file, import.meta.url));
  const command = [process.execPath, MOCHA, '--no-config', '--timeout', '40000', '--exit', inner];
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', '--mount', '--propagation', 'private', 'sh', '-c', setUp.join('\n'), 'sh', ...command],
    { encoding: 'utf8', timeout: 80_000, killSignal: 'SIGKILL', env: { ...process.env, HOSTS_FILE: named } },
  );
  rmSync(folder, { recursive: true });
  expect(status, `${stdout}${stderr}`).to.equal(0);
  expect(stdout).to.match(/[1-9]\d* passing/);
}
