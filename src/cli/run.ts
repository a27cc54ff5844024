import { openLog, takeConsole } from '../clients/logger.js';
import { makeParts } from '../app/parts.js';
import { run } from '../app/run.js';
import { loadConfig, type LoadOptions } from '../config/load.js';
import { configChanges } from '../sources/configFile.js';
import { hangUps, stopSignals } from '../sources/signals.js';
import { version } from '../version.js';
import { connectTo, locationOf } from './connect.js';
import { describeRedis } from '../clients/redis.js';

/** How long after the end a library (public-ip keeps its sockets) may hold the process. */
const LINGER_MS = 500;

/** The daemon, until a signal; the second signal ends it at once. */
export async function runDaemon(options: LoadOptions): Promise<void> {
  const { file, config, set, warnings } = await loadConfig(options);
  const logger = openLog(config.log);
  takeConsole(logger);
  const { redis } = config;
  const place = redis.url === 'embedded' ? `embedded Redis in ${redis.dataDir}` : describeRedis(locationOf(redis));
  logger.info(`consumer-scheduler ${version} of ${config.uuid}, registry ${redis.keyPrefix}* in ${place}`, {
    event: 'process.started',
    config: file,
  });
  for (const warning of warnings) logger.warn(warning, { event: 'config.warning' });
  if (set.some((key) => key.startsWith('status.'))) {
    logger.warn('status.* has no effect: the status server is not part of this version');
  }
  const connection = await connectTo(redis, Date.now);
  const parts = makeParts(config, connection.redis, logger);
  await run(config, parts, {
    signal$: stopSignals(),
    configChange$: configChanges({
      file,
      load: async () => (await loadConfig(options)).config,
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
