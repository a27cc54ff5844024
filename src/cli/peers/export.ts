import type { LoadOptions } from '../../config/load.js';
import { readEntry } from '../../domain/peer/entry.js';
import { UUID } from '../../domain/peer/uuid.js';
import { nameOf } from '../../domain/text/printable.js';
import { counted } from '../../domain/text/words.js';
import { print } from '../print.js';
import { withRegistry } from '../registry.js';
import { ANY_CLASS, kindOf, KINDS } from './kinds.js';
import { CSV_HEAD, csvLine, jsonLine, type FilePeer } from './peerFile.js';
import { readPeers, type PeerRow, type ReadPeer } from './read.js';

/** Maximum number of named entries among those left out. */
const MAX_NAMED = 10;

/**
 * Prints the API-owned fields of each peer, in the format that `importPeers` reads. Malformed entries are left out
 * and listed.
 */
export async function exportPeers(options: LoadOptions, kind: string | undefined, csv: boolean): Promise<void> {
  const kinds = kind === undefined ? KINDS : [kindOf(kind)];
  const toLine = csv ? csvLine : jsonLine;
  const left: string[] = [];
  let leftCount = 0;
  await withRegistry(options, async (registry) => {
    if (csv && !(await print(`${CSV_HEAD}\n`))) return;
    for (const one of kinds) {
      for await (const page of readPeers(registry, one, ['ip', 'port'])) {
        const peers = page.flatMap(filePeer);
        leftCount += page.length - peers.length;
        for (const { uuid } of page.filter((peer) => filePeer(peer).length === 0)) {
          if (left.length < MAX_NAMED) left.push(nameOf(uuid));
        }
        if (!(await print(peers.map((peer) => `${toLine(peer)}\n`).join('')))) return;
      }
    }
  });
  if (leftCount === 0) return;
  const more = leftCount > left.length ? ` and ${leftCount - left.length} more` : '';
  process.stderr.write(
    `warning: ${counted(leftCount, 'malformed entry', 'malformed entries')} left out: ${left.join(', ')}${more}\n`,
  );
}

/** Empty for an entry that an import would reject. */
function filePeer({ kind, uuid, row }: ReadPeer): readonly FilePeer[] {
  const { ip, port = '' }: PeerRow = row;
  if (!UUID.test(uuid) || ip === undefined || !readEntry({ ip, port }, ANY_CLASS).ok) return [];
  return [{ kind, uuid, ip, port: port === '' ? undefined : port }];
}
