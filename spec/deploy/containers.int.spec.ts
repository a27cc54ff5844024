import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig, type Loaded } from '#src/config/load.js';
import { RedisServer } from '#swarm/redis.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { Program } from '../support/program.js';
import { skipBecause } from '../support/skip.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const TOKEN = 'sixteen-or-more-characters';
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** What a container is given. */
interface Settings {
  readonly env: NodeJS.ProcessEnv;
  readonly file?: string;
}

async function loaded({ env, file }: Settings): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'deployed-'));
  const path = join(folder, 'config.yaml');
  writeFileSync(path, file ?? '{}');
  try {
    return await loadConfig({ env, file: path });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the image', () => {
  const lines = read('Dockerfile')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.reduce<string[][]>((all, line) => {
    if (line.startsWith('FROM ')) all.push([]);
    all.at(-1)?.push(line);
    return all;
  }, []);
  const last = stages.at(-1) ?? [];
  const values = (stage: readonly string[], word: string): string[] =>
    stage.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1).trim()] : []));
  const words = (value: string | undefined): unknown => JSON.parse(value ?? 'null');

  it('is made of stages on a Node that the program supports, named by version', () => {
    expect(stages).to.have.length.of.at.least(2);
    for (const stage of stages) expect(stage[0]).to.match(/^FROM node:22-bookworm-slim( AS \w+)?$/);
  });

  it('is built of files that are there, and that are sent to the builder', () => {
    const [everything, ...sent] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).to.equal('*');
    const copied = stages
      .flatMap((stage) => values(stage, 'COPY'))
      .filter((value) => !value.startsWith('--from='))
      .flatMap((value) => value.split(' ').slice(0, -1));
    expect(copied).to.include.members(['package.json', 'package-lock.json', 'src']);
    for (const name of copied) expect(existsSync(join(ROOT, name)), name).to.equal(true);
    expect([...new Set(sent)].sort()).to.deep.equal(
      [...new Set(copied.map((name) => `!${name.replace('./', '')}`))].sort(),
    );
  });

  it('copies between stages only what a stage before has', () => {
    const names = stages.map(([from = '']) => / AS (\w+)$/.exec(from)?.[1]);
    const from = values(last, 'COPY').flatMap((value) => /^--from=(\w+) /.exec(value)?.[1] ?? []);
    expect(from).to.have.members(['packages', 'build']);
    expect(names).to.include.members(from);
  });

  it('runs the daemon as process 1, as a user that is not root, and says how it is', () => {
    expect(values(last, 'USER')).to.deep.equal(['1000:1000']);
    const entry = words(values(last, 'ENTRYPOINT')[0]);
    expect(entry).to.deep.equal(['node', '/opt/consumer-scheduler/dist/main.js']);
    expect(words(values(last, 'CMD')[0])).to.deep.equal(['run']);
    const [, asked] = /^(?:--\S+ )+ *CMD (\[.*\])$/.exec(values(last, 'HEALTHCHECK')[0] ?? '') ?? [];
    expect(words(asked)).to.deep.equal([...(entry as string[]), 'health']);
    expect(values(last, 'WORKDIR')).to.deep.equal(['/opt/consumer-scheduler']);
  });

  it('holds no setting, and so no secret', () => {
    expect(stages.flatMap((stage) => [...values(stage, 'ENV'), ...values(stage, 'ARG')])).to.deep.equal([
      'NODE_ENV=production',
    ]);
  });
});

interface Service {
  readonly environment?: Record<string, string>;
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly depends_on?: readonly string[];
}

describe('the compose file', () => {
  const { services, networks } = parse(read('deploy/compose.yaml')) as {
    readonly services: { readonly scheduler: Service; readonly redis: Service };
    readonly networks: Record<string, { readonly internal?: boolean }>;
  };
  const { scheduler, redis } = services;

  it('gives the scheduler a configuration that is valid', async () => {
    const given: Record<string, string> = { LOCAL_UUID: US, STATUS_TOKEN: TOKEN };
    const env = Object.fromEntries(
      Object.entries(scheduler.environment ?? {}).map(([name, value]) => [
        name,
        value.replace(/\$\{(\w+):\?[^}]+\}/g, (_, asked: string) => given[asked] ?? expect.fail(asked)),
      ]),
    );
    const { config, warnings } = await loaded({ env });
    expect(warnings).to.deep.equal([]);
    expect(config.uuid).to.equal(US);
    expect(config.redis.url).to.equal('redis://redis:6379/0');
    expect(config.status).to.include({ host: '0.0.0.0', port: 9_464, token: TOKEN });
  });

  it('shows the page to this host alone, and Redis to nobody outside', () => {
    expect(scheduler.ports).to.deep.equal(['127.0.0.1:9464:9464']);
    expect(redis.ports).to.equal(undefined);
    expect(redis.networks).to.deep.equal(['registry']);
    expect(networks.registry?.internal).to.equal(true);
  });

  it('takes from both what they do not need', () => {
    for (const service of [scheduler, redis]) {
      expect(service).to.deep.include({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    }
  });

  it('stops the scheduler before Redis, and leaves it the time for the last writes', async () => {
    const { config } = await loaded({ env: { LOCAL_UUID: US } });
    expect(scheduler.depends_on).to.deep.equal(['redis']);
    expect(parseInt(scheduler.stop_grace_period ?? '', 10) * 1_000).to.be.greaterThan(2 * config.shutdown.graceMs);
  });
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
interface ConfigMap extends Manifest {
  readonly data: { readonly 'config.yaml': string };
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly valueFrom: { readonly secretKeyRef: { name: string } } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}
interface Pod {
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string; readonly configMap: { readonly name: string } }[];
}
interface Labels {
  readonly matchLabels: Record<string, string>;
}
interface Deployment extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly strategy: { readonly type: string };
    readonly selector: Labels;
    readonly template: { readonly metadata: { readonly labels: Record<string, string> }; readonly spec: Pod };
  };
}
interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: Labels;
    readonly policyTypes: readonly string[];
    readonly ingress: readonly {
      readonly from: readonly object[];
      readonly ports: readonly { readonly port: number }[];
    }[];
    readonly egress: readonly { readonly to: readonly { readonly ipBlock?: { readonly except: string[] } }[] }[];
  };
}

describe('the manifests for Kubernetes', () => {
  const all = parseAllDocuments(read('deploy/kubernetes.yaml')).map((one) => one.toJS() as Manifest);
  const [map, deployment, policy] = all as unknown as [ConfigMap, Deployment, NetworkPolicy];
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;

  it('are a configuration, a deployment, and who may talk to it', () => {
    expect(all.map(({ kind }) => kind)).to.deep.equal(['ConfigMap', 'Deployment', 'NetworkPolicy']);
    expect(all.map(({ metadata }) => metadata.name)).to.deep.equal(Array(3).fill('consumer-scheduler'));
  });

  it('give the scheduler a configuration that is valid, where it looks for it', async () => {
    const [token] = container.env;
    const { config, warnings } = await loaded({
      file: map.data['config.yaml'],
      env: { [token?.name ?? '']: TOKEN },
    });
    expect(warnings).to.deep.equal([]);
    expect(config.status).to.include({ host: '0.0.0.0', token: TOKEN });
    expect(container.ports).to.deep.equal([{ name: 'status', containerPort: config.status.port }]);
    const [mount] = container.volumeMounts;
    expect(container.args).to.deep.equal(['run', '--config', `${mount?.mountPath ?? ''}/config.yaml`]);
    // A file that is mounted alone is never changed.
    expect(mount?.subPath).to.equal(undefined);
    expect(pod.volumes).to.deep.equal([{ name: mount?.name, configMap: { name: map.metadata.name } }]);
    expect(pod.terminationGracePeriodSeconds * 1_000).to.be.greaterThan(2 * config.shutdown.graceMs);
  });

  it('ask it whether it lives and whether it is ready', () => {
    expect(container.livenessProbe.httpGet).to.deep.equal({ path: '/healthz', port: 'status' });
    expect(container.startupProbe.httpGet).to.deep.equal({ path: '/healthz', port: 'status' });
    expect(container.readinessProbe.httpGet).to.deep.equal({ path: '/readyz', port: 'status' });
  });

  it('leave it no privilege, no token of the cluster, no file to write, no name of a service', () => {
    expect(pod).to.include({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(pod.securityContext).to.deep.equal({
      runAsNonRoot: true,
      runAsUser: 1_000,
      runAsGroup: 1_000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('start one, and end it before the next', () => {
    expect(deployment.spec.replicas).to.equal(1);
    expect(deployment.spec.strategy).to.deep.equal({ type: 'Recreate' });
  });

  it('let in who asks for the metrics, and let out to no private network', () => {
    const { labels } = deployment.spec.template.metadata;
    expect(policy.spec.podSelector.matchLabels).to.deep.equal(labels);
    expect(deployment.spec.selector.matchLabels).to.deep.equal(labels);
    expect(policy.spec.policyTypes).to.have.members(['Ingress', 'Egress']);
    expect(policy.spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).to.deep.equal([9_464]);
    expect(policy.spec.ingress.flatMap(({ from }) => from)).to.not.be.empty;
    const kept = policy.spec.egress.flatMap(({ to }) => to.flatMap(({ ipBlock }) => ipBlock?.except ?? []));
    expect(kept).to.include.members(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7']);
  });
});

/** Every file system read-only and every capability gone, as the container's runtime has it. */
const CONFINED = `mount --make-rprivate / && for place in $(awk '$2 !~ "^/(proc|dev|sys)" { print $2 }' /proc/mounts); do
  mount -o remount,bind,ro "$place" || exit 1
done && exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`;
const BEFORE = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', CONFINED, 'sh'];

describe('in what a container leaves it', () => {
  let redis: RedisServer | undefined;
  let program: Program | undefined;

  before(async function () {
    const [command = '', ...args] = BEFORE;
    // A capability is needed for what this tries, and a file system that may be written.
    const tried = spawnSync(command, [...args, 'sh', '-c', `! touch ${tmpdir()}/x-$$ && ! chroot / true`]);
    if (tried.status !== 0) skipBecause(this, 'no read-only file system can be made');
    redis = await RedisServer.start();
  });
  after(() => redis?.stop());
  afterEach(() => program?.clear());

  it('runs, is healthy by its own command, and stops', async () => {
    const port = await freePort();
    const env = {
      LOCAL_UUID: US,
      REDIS_URL: redis?.url,
      IP_OVERRIDE: '203.0.113.7',
      CONSUMER_SCHEDULER__STATUS__PORT: String(port),
      CONSUMER_SCHEDULER__STATUS__HOST: '0.0.0.0',
      CONSUMER_SCHEDULER__STATUS__TOKEN: TOKEN,
      // Where the specs are measured, Node would write its coverage into that file system.
      NODE_V8_COVERAGE: undefined,
    };
    const running = (program = Program.start(['run'], { env, before: BEFORE }));
    await eventually(async () => {
      expect(running.stderr).to.include('round.finished');
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).to.equal(200);
    });
    const health = Program.start(['health'], { env, before: BEFORE });
    expect(await health.ended(), health.stderr).to.equal(0);
    await health.clear();
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).to.equal(401);
    const { pid } = JSON.parse(
      await (
        await fetch(`http://127.0.0.1:${port}/api/status`, { headers: { authorization: `Bearer ${TOKEN}` } })
      ).text(),
    ) as { readonly pid: number };
    expect(pid).to.equal(1);
    // Process 1 of its namespace is the only child of unshare(1).
    const outside = String(running.child.pid);
    process.kill(Number(readFileSync(`/proc/${outside}/task/${outside}/children`, 'utf8')), 'SIGTERM');
    expect(await running.ended(), running.stderr).to.equal(0);
    expect(running.stderr).to.not.include('EROFS').and.not.include('"level":"error"');
  });
});
