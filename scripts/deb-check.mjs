import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/**
 * Installs the Debian package in a clean Debian made by debootstrap, runs it as its user, installs it again over a
 * changed configuration, removes and purges it: `npm run deb:check`, or another release, `npm run deb:check -- trixie`.
 * Needs root, debootstrap, Debian's mirror ($DEBIAN_MIRROR for another one), and `npm run deb` before it.
 */

const [release = 'bookworm'] = process.argv.slice(2);
const home = join(root, '.build/deb');
const base = join(home, `${release}.tar`);
const clean = join(home, release);
const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
const built = existsSync(home) ? readdirSync(home).find((name) => name.endsWith(`_${arch}.deb`)) : undefined;
const hasDebootstrap = spawnSync('debootstrap', ['--version'], { stdio: 'ignore' }).error === undefined;
const missing = [
  built === undefined && 'there is no package yet: npm run deb',
  process.getuid() !== 0 && 'only root can make a chroot',
  !hasDebootstrap && 'there is no debootstrap: apt-get install debootstrap',
].filter((one) => one !== false);
if (missing.length > 0) {
  console.error(missing.join('\n'));
  process.exit(2);
}

const CHECK = `
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
say() { echo "✔ $1"; }
stat() { command stat -c '%U:%G %a' "$1"; }
equal() { [ "$1" = "$2" ] || { echo "✖ $3: $1 instead of $2"; exit 1; }; }

apt-get update -qq
apt-get install -y -qq redis-server adduser >/dev/null 2>&1
find /etc /usr /var/lib -xdev -not -path '/var/lib/dpkg/*' -not -path '/var/lib/apt/*' -not -path '/usr/share/mime*' | sort >/before

apt-get install -y -qq --no-install-recommends /package.deb >/log 2>&1 || { cat /log; exit 1; }
equal "$(stat /etc/consumer-scheduler/config.yaml)" 'root:consumer-scheduler 640' 'the configuration is for root and the service'
uuid=$(cat /etc/consumer-scheduler/uuid)
consumer-scheduler check-config >/log
grep -q "^uuid: $uuid$" /log
say 'installed, with a UUID of its own, and a configuration that is valid'

redis-server --daemonize yes --save '' >/dev/null
install -d -o consumer-scheduler -g consumer-scheduler -m 700 /var/lib/consumer-scheduler
# The line of the unit, as its user: there is no systemd here.
line=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/consumer-scheduler.service)
cd /var/lib/consumer-scheduler
setpriv --reuid=consumer-scheduler --regid=consumer-scheduler --clear-groups $line 2>/log &
program=$!
for i in $(seq 300); do grep -q round.finished /log && break; sleep 0.1; done
grep -q round.finished /log || { cat /log; exit 1; }
consumer-scheduler status >/dev/null
consumer-scheduler health >/dev/null
kill -TERM $program
wait $program
say 'a round, status and health, and a signal ends it with 0'

sed -i 's/allow: \\[public\\]/allow: [public, private]/' /etc/consumer-scheduler/config.yaml
apt-get install -y -qq --reinstall --no-install-recommends /package.deb >/log 2>&1 || { cat /log; exit 1; }
grep -q 'public, private' /etc/consumer-scheduler/config.yaml
equal "$(cat /etc/consumer-scheduler/uuid)" "$uuid" 'the UUID stays'
equal "$(stat /etc/consumer-scheduler/config.yaml)" 'root:consumer-scheduler 640' 'its owner stays'
say 'installed again: configuration and UUID are kept'

apt-get remove -y -qq consumer-scheduler >/log 2>&1
[ -e /etc/consumer-scheduler/config.yaml ]
[ ! -e /usr/lib/consumer-scheduler ]
[ ! -e /usr/bin/consumer-scheduler ]
say 'removed: the configuration is kept'
apt-get purge -y -qq consumer-scheduler >/log 2>&1 || { cat /log; exit 1; }
find /etc /usr /var/lib -xdev -not -path '/var/lib/dpkg/*' -not -path '/var/lib/apt/*' -not -path '/usr/share/mime*' | sort >/after
left=$(comm -13 /before /after | grep -v -e libatomic -e '^/etc/.*-$' || true)
equal "$left" '' 'left behind'
say 'purged: nothing is left but the user'
redis-cli shutdown nosave || true
`;

if (!existsSync(base)) {
  mkdirSync(home, { recursive: true });
  sh(`rm -rf '${clean}' && debootstrap --variant=minbase ${release} '${clean}' $DEBIAN_MIRROR`);
  sh(`cp /etc/resolv.conf '${clean}/etc/' && tar -C '${clean}' -cf '${base}' .`);
}
sh(
  `rm -rf '${clean}' && mkdir '${clean}' && tar -C '${clean}' -xf '${base}' && cp '${join(home, built)}' '${clean}/package.deb'`,
);
// Mounts and processes of its own, which end with it.
const inside = ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c'];
const enter = `mount -t proc proc '${clean}/proc' && mount -t tmpfs tmpfs '${clean}/tmp' && exec chroot '${clean}' bash -c "$1"`;
const { status } = spawnSync('unshare', [...inside, enter, 'sh', CHECK], { stdio: 'inherit' });
process.exitCode = status ?? 1;

function sh(script) {
  const env = { DEBIAN_MIRROR: '', ...process.env };
  const {
    status: code,
    stdout,
    stderr,
  } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8', maxBuffer: 2 ** 27 });
  if (code === 0) return;
  console.error(`${stdout.slice(-2_000)}${stderr}`);
  process.exit(1);
}
