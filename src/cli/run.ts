import { EMPTY } from 'rxjs';
import type { Logger } from 'winston';
import { makeParts } from '../app/deps.js';
import { withNotifications } from '../app/notify.js';
import { run } from '../app/run.js';
import { withServiceManager } from '../app/service.js';
import { withStatus } from '../app/status.js';
import { EmbeddedRedisError } from '../clients/embeddedFolder.js';
import { openLog, setLog, takeConsole } from '../clients/logger.js';
import { describeRedis } from '../clients/redis.js';
import { loadConfig, rereading, type Loaded, type LoadOptions } from '../config/load.js';
import { ForeignHolderError, RefusedError } from '../leader/candidacy.js';
import { ownIdentity } from '../leader/processIdentity.js';
import { ShareCountError } from '../replicas/engine.js';
import { loadEngine, NoEngineError } from '../replicas/loadEngine.js';
import { configChanges } from '../sources/configFile.js';
import { hangUps, stopSignal } from '../sources/signals.js';
import { version } from '../version.js';
import { connectTo, locationOf, type Connection } from './connect.js';
import { FAILED, GOOD, USAGE } from './exitCode.js';
import type { Signals } from './signals.js';

/** What a configuration asks for that can't be had beside those that run, or as the program is installed. */
const USAGES = [ForeignHolderError, ShareCountError, NoEngineError];

/** How long after the end a library (public-ip keeps its sockets) may hold the process. */
const LINGER_MS = 500;

/** The daemon, until a signal to stop or an error that it can't survive. Resolves to the exit code. */
export async function runDaemon(options: LoadOptions, signals: Signals): Promise<number> {
  const loaded = await loadConfig(options);
  const { file, text, config } = loaded;
  const reread = rereading(loaded, options);
  const logger = openLog(config.log);
  takeConsole(logger);
  // What a library throws in a callback of its own reaches no stream. What is open is closed by the kernel.
  process.on('uncaughtException', (error) => {
    tellFault(logger, error);
    process.exit(FAILED);
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
  let code = GOOD;
  try {
    const makeEngine = config.replicas.enabled ? await loadEngine() : undefined;
    connection = await connectTo(redis, Date.now, signals.stop);
    const candidate = {
      identity: await ownIdentity(),
      engine: makeEngine?.(connection.redis, config),
    };
    const made = makeParts(config, connection.redis, logger, candidate);
    const seen = withNotifications(config, withStatus(config, made, file));
    const { parts, reloading } = withServiceManager(seen, options.env);
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
        hangUp$: hangUps(signals.onHangUp),
      }),
      companion$: connection.companion$ ?? EMPTY,
      setLog: (log) => {
        setLog(logger, log);
      },
    });
  } catch (error) {
    // A stop while the embedded server was starting leaves nothing more to do.
    if (error !== signals.stop.reason) {
      code = USAGES.some((kind) => error instanceof kind) ? USAGE : FAILED;
      tellFault(logger, error);
    }
  }
  await connection?.close();
  if (code === GOOD) logger.info('stopped', { event: 'process.stopped' });
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return code;
}

/** One line that says why the process ends; a fault of ours comes with its stack, for a report. */
function tellFault(logger: Logger, error: unknown): void {
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
  if ([...USAGES, EmbeddedRedisError, RefusedError].some((kind) => error instanceof kind)) {
    logger.error(message, { event: 'process.failed' });
    return;
  }
  const [, place = ''] = stack.slice(stack.indexOf(message) + message.length).split('\n');
  logger.error(`ended by a fault of its own: ${message} ${place.trim()}`, { event: 'process.failed', stack });
}
