import type { Command } from 'commander';
import { PRODUCER_STATES } from '../../domain/announce/producerState.js';
import { examples, oneOf, optionOneOf, registryCommand, type CommandContext, type RegistryFlags } from '../define.js';
import { KINDS } from './kinds.js';
import { CONSUMER_STATES } from './read.js';
import { SORTS } from './sort.js';

const STATES = [...new Set<string>([...CONSUMER_STATES, ...PRODUCER_STATES])];
const UUID = 'aaaaaaaa-0000-4000-8000-000000000000';

/** The command `peers` with its subcommands. */
export function definePeers(root: Command, context: CommandContext): void {
  const peers = root.command('peers').description('the registry by hand');
  defineReading(peers, context);
  defineWriting(peers, context);
}

function defineReading(peers: Command, { options }: CommandContext): void {
  const list = registryCommand(peers, 'list')
    .description('print the registered peers, and what is known of them')
    .addArgument(oneOf('[kind]', 'both where it is left out', KINDS))
    .addOption(optionOneOf('--state <states>', 'only these, with commas between them', STATES))
    .addOption(optionOneOf('--sort <by>', 'sorted by it; with - before it the other way round', SORTS))
    .option('--json', 'as JSON, one peer a line')
    .action(async (kind: string | undefined, { redis, json = false, ...flags }: ListFlags) => {
      const { listPeers } = await import('./list.js');
      await listPeers({ ...options(), redis }, kind, { ...flags, json });
    });
  examples(list, 'peers list consumer --state suspect,unavailable', 'peers list --sort -latency', 'peers list --json');
  const show = registryCommand(peers, 'show')
    .description('print all that is known of one peer')
    .argument('<uuid>', 'in any spelling')
    .option('--json', 'as JSON')
    .action(async (uuid: string, { redis, json = false }: RegistryFlags) => {
      const { showPeer } = await import('./show.js');
      await showPeer({ ...options(), redis }, uuid, json);
    });
  examples(show, `peers show ${UUID}`);
  const exporting = registryCommand(peers, 'export')
    .description('print kind, UUID and address of the peers, as JSON, one a line')
    .addArgument(oneOf('[kind]', 'both where it is left out', KINDS))
    .option('--csv', 'as CSV')
    .action(async (kind: string | undefined, { redis, csv = false }: RegistryFlags & { readonly csv?: boolean }) => {
      const { exportPeers } = await import('./export.js');
      await exportPeers({ ...options(), redis }, kind, csv);
    });
  examples(exporting, 'peers export > peers.jsonl', 'peers export consumer --csv > consumers.csv');
}

function defineWriting(peers: Command, { options }: CommandContext): void {
  const importing = registryCommand(peers, 'import')
    .description('register the peers of a file, all or none: JSON, one a line, or CSV with the head kind,uuid,ip,port')
    .argument('<file>', 'the file; - for standard input')
    .option('--dry-run', 'only say what would be done')
    .action(async (file: string, { redis, dryRun = false }: RegistryFlags & { readonly dryRun?: boolean }) => {
      const { importPeers } = await import('./import.js');
      await importPeers({ ...options(), redis }, file, dryRun);
    });
  examples(importing, 'peers import --dry-run peers.jsonl', 'peers import consumers.csv');
  const add = registryCommand(peers, 'add')
    .description('register a peer, or give a registered one another address')
    .addArgument(oneOf('<kind>', 'of the peer', KINDS))
    .argument('<uuid>', 'in any spelling')
    .argument('<ip>', 'its IP address')
    .option('--port <port>', 'where it differs from the configured one')
    .action(
      async (kind: string, uuid: string, ip: string, { redis, port }: RegistryFlags & { readonly port?: string }) => {
        const { addPeer } = await import('./edit.js');
        await addPeer({ ...options(), redis }, kind, uuid, ip, port);
      },
    );
  examples(add, `peers add consumer ${UUID} 203.0.113.7 --port 8080`);
  const remove = registryCommand(peers, 'remove')
    .description('forget a peer, with all that is stored of it')
    .addArgument(oneOf('<kind>', 'of the peer', KINDS))
    .argument('<uuid>', 'in any spelling')
    .action(async (kind: string, uuid: string, { redis }: RegistryFlags) => {
      const { removePeer } = await import('./edit.js');
      await removePeer({ ...options(), redis }, kind, uuid);
    });
  examples(remove, `peers remove consumer ${UUID}`);
}

interface ListFlags extends RegistryFlags {
  readonly state?: string;
  readonly sort?: string;
}
