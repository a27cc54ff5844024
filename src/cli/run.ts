import { openLog, takeConsole } from '../clients/logger.js';
import { makeParts } from '../app/deps.js';
import { run } from '../app/run.js';
import { loadConfig, reloadConfig, type Loaded, type LoadOptions } from '../config/load.js';
import { configChanges } from '../sources/configFile.js';
import { hangUps, stopSignals } from '../sources/signals.js';
import { version } from '../version.js';
import { connectTo, locationOf } from './connect.js';
import { describeRedis } from '../clients/redis.js';

/** How long after the end a library (public-ip keeps its sockets) may hold the process. */
const LINGER_MS = 500;

/** The daemon, until a signal; the second signal ends it at once. */
export async function runDaemon(options: LoadOptions): Promise<void> {
  const loaded = await loadConfig(options);
  const { file, text, config, set } = loaded;
  const logger = openLog(config.log);
  takeConsole(logger);
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
  if (set.some((key) => key.startsWith('status.'))) {
    logger.warn('status.* has no effect: the status server is not part of this version');
  }
  const connection = await connectTo(redis, Date.now);
  const parts = makeParts(config, connection.redis, logger);
  await run(config, parts, {
    signal$: stopSignals(),
    configChange$: configChanges({
      file,
      text,
      load: async () => {
        const again = await reloadConfig(loaded, options);
        warn(again);
        return again.config;
      },
      hangUp$: hangUps(),
    }),
    companion$: connection.companion$,
    exitNow: () => process.exit(130),
    setLogLevel: (level) => (logger.level = level),
  });
  await connection.close();
  logger.info('stopped');
  setTimeout(() => process.exit(), LINGER_MS).unref();
}
