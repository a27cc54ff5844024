import { EmbeddedRedisError, hasDatabase } from '../../clients/embeddedFolder.js';
import { redisFailure } from '../../clients/redis.js';
import { loadConfig, type Loaded, type LoadOptions } from '../../config/load.js';
import { ConfigError, printed } from '../../config/problem.js';
import { keysUnder } from '../../domain/keys.js';
import { escaped } from '../../domain/text/printable.js';
import { counted } from '../../domain/text/words.js';
import { interfaceFamilies } from '../../sources/interfaces.js';
import { ipSources } from '../../sources/publicIp/sources.js';
import { RegistrySource } from '../../sources/registry.js';
import { version } from '../../version.js';
import { CommandError } from '../commandError.js';
import { connectNow, type Connection } from '../connect.js';
import { FAILURE, SUCCESS } from '../exitCode.js';
import { NO_UUID } from '../noUuid.js';
import { print } from '../print.js';
import { marked, outputStyle, tinted, type Style, type Tint } from '../style.js';
import { table } from '../table.js';
import { bounded, fault, ok, warning, type Finding } from './finding.js';
import { checkDescriptors, checkScheduler, checkStatusPort } from './host.js';
import { checkClock, checkLatency, checkPermissions, checkServer } from './redis.js';
import { checkRegistry } from './registry.js';
import { checkSources } from './sources.js';

/** How long a library may delay the exit (public-ip keeps its sockets open). */
const LINGER_MS = 500;

/**
 * Checks everything that a scheduler needs, with a remedy for each finding. Resolves to the exit code: a failure if
 * any check fails.
 */
export async function examine(options: LoadOptions, json: boolean): Promise<number> {
  const { loaded, findings } = await configuration(options);
  const found = [...findings, ...(loaded === undefined ? [] : await environmentFindings(loaded))];
  await print(json ? `${escaped(JSON.stringify({ findings: found }))}\n` : inWords(found, outputStyle()));
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return found.some(({ result }) => result === 'error') ? FAILURE : SUCCESS;
}

interface Configuration {
  /** Undefined if the configuration is unusable. Nothing else can then be checked. */
  readonly loaded: Loaded | undefined;
  readonly findings: readonly Finding[];
}

async function configuration(options: LoadOptions): Promise<Configuration> {
  const check = 'configuration';
  try {
    const loaded = await loadConfig(options.redis === undefined ? options : { ...options, spareUuid: NO_UUID });
    const { file, warnings } = loaded;
    const name = options.redis === undefined ? (file ?? 'no file: environment and defaults') : 'none: --redis';
    return {
      loaded,
      findings: [ok(check, name), ...warnings.map((text) => warning(check, text, 'write it as it is meant'))],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.problems.map((problem) =>
      fault(check, printed(problem), 'docs/configuration.md explains every key'),
    );
    return { loaded: undefined, findings };
  }
}

/** Checks everything that the configuration refers to, in parallel. The order of the findings is fixed. */
async function environmentFindings({ config }: Loaded): Promise<readonly Finding[]> {
  const explain = (error: unknown): string => redisFailure(error);
  const sources = ipSources({ ...config.publicIp, allow: config.network.allow }, `consumer-scheduler/${version}`);
  const found = await Promise.all([
    redisFindings(config),
    bounded('public IP', () => checkSources(config.publicIp, sources), explain),
    bounded('file descriptors', () => checkDescriptors(config), explain),
    bounded('status port', () => checkStatusPort(config.status), explain),
  ]);
  return found.flat();
}

async function redisFindings(config: Loaded['config']): Promise<readonly Finding[]> {
  const { url, dataDir } = config.redis;
  if (url === 'embedded' && !(await hasDatabase(dataDir))) {
    return [warning('redis', `the embedded server has no database in ${dataDir} yet`, 'the first `run` makes it')];
  }
  let connection: Connection;
  try {
    connection = await connectNow(config.redis, Date.now);
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof EmbeddedRedisError)) throw error;
    return [fault('redis', error.message, 'start Redis, or see to redis.* (docs/redis.md)')];
  }
  try {
    return await withRedis(config, connection);
  } finally {
    await connection.close();
  }
}

async function withRedis(config: Loaded['config'], { redis }: Connection): Promise<readonly Finding[]> {
  const keys = keysUnder(config.redis.keyPrefix);
  const uuid = config.uuid === NO_UUID ? undefined : config.uuid;
  const state = await redis.hgetall(keys.scheduler).catch((): Record<string, string> => ({}));
  const context = { config, uuid, ip: state.ip ?? null, families: interfaceFamilies().beyond };
  // These run one after the other, because concurrent checks would distort the measured latency.
  const checks = [
    ['redis', () => checkServer(redis)],
    ['redis latency', () => checkLatency(redis)],
    ['redis permissions', () => checkPermissions(redis, keys)],
    ['clock', () => checkClock(redis)],
    ['scheduler', () => Promise.resolve(checkScheduler(state, uuid, Date.now()))],
    [
      'registry',
      () =>
        checkRegistry(
          new RegistrySource(redis, keys).pages(() => true),
          context,
          () => performance.now(),
        ),
    ],
  ] as const;
  const found: Finding[] = [];
  for (const [name, check] of checks) found.push(...(await bounded(name, check, redisFailure)));
  return found;
}

const TINTS: Readonly<Record<Finding['result'], Tint>> = { ok: 'good', warning: 'warn', error: 'bad' };

function inWords(found: readonly Finding[], style: Style): string {
  const rows = found.map(({ check, result, text, advice }) => [
    marked(style, TINTS[result], check),
    advice === '' ? escaped(text) : `${escaped(text)}\n${tinted(style, 'dim', `→ ${escaped(advice)}`)}`,
  ]);
  return `${table(rows, style)}\n\n${summary(found, style)}\n`;
}

function summary(found: readonly Finding[], style: Style): string {
  const count = (result: Finding['result']): number => found.filter((one) => one.result === result).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors + warnings === 0) return marked(style, 'good', 'all is well');
  const parts = [
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
  ];
  return marked(style, errors > 0 ? 'bad' : 'warn', parts.join(', '));
}
