import type { RedisClient } from '../clients/redis.js';
import { ifOfAnotherType } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import { readHistory, type History } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';

/**
 * Reads the histories of consumers, in the order of the UUIDs (latin1 texts, as the registry source reads them). A
 * missing history or a key of another type gives undefined. Rejects if Redis does not answer.
 */
export function readHistories(
  redis: RedisClient,
  keys: Pick<Keys, 'history'>,
  uuids: readonly string[],
): Promise<(History | undefined)[]> {
  return withTimeout(
    Promise.all(
      uuids.map(async (uuid) => {
        const bytes = await redis.getBuffer(Buffer.from(keys.history(uuid), 'latin1')).catch(ifOfAnotherType(null));
        return bytes === null ? undefined : readHistory(bytes);
      }),
    ),
  );
}
