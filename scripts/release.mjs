import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from './run.mjs';
import { build, install } from './setup.mjs';

/**
 * Builds all that is published of a version into .build/release/: the npm tarball, the Debian packages, the list of what is
 * in them (CycloneDX) and the checksums. `npm run release -- --check` builds twice and compares, byte by byte.
 */

const folder = join(root, '.build/release');
const ARCHITECTURES = ['amd64', 'arm64'];
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

process.env.SOURCE_DATE_EPOCH ??= said('git', ['log', '-1', '--format=%ct']).trim();
const first = release();
if (process.argv.includes('--check')) {
  const second = release();
  const differing = [...first].filter(([file, sum]) => second.get(file) !== sum).map(([file]) => file);
  if (differing.length > 0) fail(`built twice, these differ: ${differing.join(', ')}`);
  console.log('built twice, and the same bytes each time');
}

/** Builds everything anew; returns the checksum of each file. */
function release() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (!install() || !build({ shipped: true })) process.exit(1);
  said('npm', ['pack', '--ignore-scripts', '--pack-destination', folder]);
  for (const architecture of ARCHITECTURES) {
    const deb = said(process.execPath, [join(root, 'scripts/deb.mjs'), architecture])
      .trim()
      .split('\n')
      .at(-1);
    copyFileSync(deb, join(folder, basename(deb)));
  }
  writeFileSync(join(folder, `${name}-${version}.cdx.json`), billOfMaterials());
  const sums = new Map(
    readdirSync(folder)
      .sort()
      .map((file) => [
        file,
        createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex'),
      ]),
  );
  const lines = [...sums].map(([file, sum]) => `${sum}  ${file}\n`).join('');
  writeFileSync(join(folder, 'SHA256SUMS'), lines);
  process.stdout.write(lines);
  return sums;
}

/** Npm's list, with the time of the commit, and a number that follows from what it lists. */
function billOfMaterials() {
  const bill = JSON.parse(said('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only']));
  delete bill.serialNumber;
  bill.metadata.timestamp = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1_000).toISOString();
  const hash = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
  // A UUID of version 8, whose bits are ours to define (RFC 9562).
  const uuid = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
  return `${JSON.stringify({ ...bill, serialNumber: `urn:uuid:${uuid}` }, undefined, 2)}\n`;
}

function said(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 27,
  });
  if (status !== 0) fail(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
