import { Command, CommanderError } from 'commander';
import { EmbeddedRedisError } from '../clients/embeddedRedis.js';
import { ConfigError } from '../config/problem.js';
import { version } from '../version.js';
import { checkConfig } from './checkConfig.js';
import { CommandError, UsageError } from './commandError.js';
import { addPeer, listPeers, removePeer } from './peers.js';
import { runDaemon } from './run.js';
import { showStatus } from './status.js';
import { syncOnce } from './sync.js';

/** Bad usage or configuration. */
const USAGE = 2;
/** Failed while running. */
const FAILED = 1;

/** Runs the command line; resolves to the exit code. Errors are one clear text on standard error. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    await program(env).parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    if (error instanceof ConfigError) {
      process.stderr.write(`the configuration is not valid:\n${error.message.replace(/^/gm, '  ')}\n`);
      return USAGE;
    }
    const known = error instanceof CommandError || error instanceof EmbeddedRedisError;
    process.stderr.write(`${known ? error.message : String((error as Error).stack)}\n`);
    return error instanceof UsageError ? USAGE : FAILED;
  }
}

function program(env: NodeJS.ProcessEnv): Command {
  const root = new Command('consumer-scheduler')
    .description('Keeps a consumer node of a P2P storage network in sync.')
    .version(version)
    .option('-c, --config <file>', 'configuration file, YAML or JSON')
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride();
  const options = () => ({ file: root.opts<{ config?: string }>().config, env });

  root
    .command('run', { isDefault: true })
    .description('run until SIGTERM or SIGINT')
    .action(() => runDaemon(options()));
  root
    .command('sync')
    .description('one round over every consumer, now')
    .action(() => syncOnce(options()));
  root
    .command('check-config')
    .description('print the effective configuration, or what is wrong with it')
    .action(() => checkConfig(options()));
  root
    .command('status')
    .description("the running scheduler's state, from Redis")
    .option('--json', 'as JSON')
    .action(({ json = false }: { json?: boolean }) => showStatus(options(), json));

  const peers = root.command('peers').description('the registry by hand');
  peers
    .command('list')
    .argument('[kind]', 'consumer or producer; both where it is left out')
    .option('--json', 'as JSON, one peer a line')
    .action((kind: string | undefined, { json = false }: { json?: boolean }) => listPeers(options(), kind, json));
  peers
    .command('add')
    .argument('<kind>', 'consumer or producer')
    .argument('<uuid>')
    .argument('<ip>', 'IP literal')
    .option('--port <port>', 'where it differs from the configured one')
    .action((kind: string, uuid: string, ip: string, { port }: { port?: string }) =>
      addPeer(options(), kind, uuid, ip, port),
    );
  peers
    .command('remove')
    .argument('<kind>', 'consumer or producer')
    .argument('<uuid>')
    .action((kind: string, uuid: string) => removePeer(options(), kind, uuid));
  return root;
}
