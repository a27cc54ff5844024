import type { RedisClient } from '../clients/redis.js';
import { ifOfAnotherType } from '../clients/replies.js';
import { withTimeout } from '../clients/withTimeout.js';
import { readHistory, type History } from '../domain/history.js';
import type { Keys } from '../domain/keys.js';

/**
 * The histories of consumers, in the order of their UUIDs (texts in latin1, as the registry is read); undefined where
 * there is none, or the key holds something else. Rejects where Redis does not answer.
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
