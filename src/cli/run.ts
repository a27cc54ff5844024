import { EMPTY } from 'rxjs';
import type { Logger } from 'winston';
import { makeParts } from '../app/deps.js';
import { withNotifications } from '../app/notify.js';
import { run } from '../app/run.js';
import { withServiceManager } from '../app/service.js';
import { withStatus } from '../app/status.js';
import { EmbeddedRedisError } from '../clients/embeddedFolder.js';
import { openLog, redirectConsole, setLog } from '../clients/logger.js';
import { describeRedis } from '../clients/redis.js';
import { loadConfig, rereading, type Loaded, type LoadOptions } from '../config/load.js';
import { ForeignHolderError, RefusedError } from '../leader/candidacy.js';
import { ownIdentity } from '../leader/processIdentity.js';
import { ShareCountError } from '../replicas/engine.js';
import { loadEngine, NoEngineError } from '../replicas/loadEngine.js';
import { configChanges } from '../sources/configFile.js';
import { sighups, stopSignal } from '../sources/signals.js';
import { version } from '../version.js';
import { connectTo, locationOf, type Connection } from './connect.js';
import { FAILURE, SUCCESS, USAGE } from './exitCode.js';
import type { Signals } from './signals.js';

/** Errors that count as bad usage: a conflict with running schedulers, or a missing package. */
const USAGE_ERRORS = [ForeignHolderError, ShareCountError, NoEngineError];

/** How long a library may delay the exit (public-ip keeps its sockets open). */
const LINGER_MS = 500;

/** Runs the daemon until a stop signal or a fatal error. Resolves to the exit code. */
export async function runDaemon(options: LoadOptions, signals: Signals): Promise<number> {
  const loaded = await loadConfig(options);
  const { file, text, config } = loaded;
  const reread = rereading(loaded, options);
  const logger = openLog(config.log);
  redirectConsole(logger);
  // An exception in a callback of a library reaches no stream. The kernel closes what is open.
  process.on('uncaughtException', (error) => {
    logFault(logger, error);
    process.exit(FAILURE);
  });
  const { redis } = config;
  const place = redis.url === 'embedded' ? `embedded Redis in ${redis.dataDir}` : describeRedis(locationOf(redis));
  logger.info(`consumer-scheduler ${version} of ${config.uuid}, registry ${redis.keyPrefix}* in ${place}`, {
    event: 'process.started',
    config: file,
  });
  const warned = new Set<string>();
  const warn = ({ warnings }: Loaded): void => {
    for (const warning of warnings.filter((one) => !warned.has(one))) {
      logger.warn(warning, { event: 'config.warning' });
      warned.add(warning);
    }
  };
  warn(loaded);
  let connection: Connection | undefined;
  let code = SUCCESS;
  try {
    const makeEngine = config.replicas.enabled ? await loadEngine() : undefined;
    connection = await connectTo(redis, Date.now, signals.stop);
    const candidate = {
      identity: await ownIdentity(),
      engine: makeEngine?.(connection.redis, config),
    };
    const made = makeParts(config, connection.redis, logger, candidate);
    const observed = withNotifications(config, withStatus(config, made, file));
    const { parts, reloading } = withServiceManager(observed, options.env);
    await run(config, parts, {
      signal$: stopSignal(signals.stop),
      configChange$: configChanges({
        file,
        text,
        load: () =>
          reloading(async () => {
            const again = await reread();
            warn(again);
            return again.config;
          }),
        sighup$: sighups(signals.onSighup),
      }),
      companion$: connection.companion$ ?? EMPTY,
      setLog: (log) => {
        setLog(logger, log);
      },
    });
  } catch (error) {
    // After a stop during the start of the embedded server nothing remains to be done.
    if (error !== signals.stop.reason) {
      code = USAGE_ERRORS.some((kind) => error instanceof kind) ? USAGE : FAILURE;
      logFault(logger, error);
    }
  }
  await connection?.close();
  if (code === SUCCESS) logger.info('stopped', { event: 'process.stopped' });
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return code;
}

/** Logs the reason why the process ends. A fault of the program includes its stack, for a bug report. */
function logFault(logger: Logger, error: unknown): void {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  if ([...USAGE_ERRORS, EmbeddedRedisError, RefusedError].some((kind) => error instanceof kind)) {
    logger.error(message, { event: 'process.failed' });
    return;
  }
  const [, place = ''] = stack.slice(stack.indexOf(message) + message.length).split('\n');
  logger.error(`ended by a fault of its own: ${message} ${place.trim()}`, { event: 'process.failed', stack });
}
