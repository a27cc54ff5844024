import { Command, CommanderError } from 'commander';
import { EmbeddedRedisError } from '../clients/embeddedFolder.js';
import { ConfigError } from '../config/problem.js';
import { version } from '../version.js';
import { checkConfig } from './checkConfig.js';
import { CommandError, UsageError } from './commandError.js';
import { FAILED, GOOD, USAGE } from './exitCode.js';
import { addPeer, listPeers, removePeer } from './peers.js';
import { heedClosedOutput, print } from './print.js';
import { runDaemon } from './run.js';
import type { Signals } from './signals.js';
import { showStatus } from './status.js';
import { syncOnce } from './sync.js';

/** Runs the command line; resolves to the exit code. Errors are one clear text on standard error. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv, signals: Signals): Promise<number> {
  heedClosedOutput();
  try {
    return await parse(argv.slice(2), env, signals);
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`the configuration is not valid:\n${error.message.replace(/^/gm, '  ')}\n`);
      return USAGE;
    }
    const known = error instanceof CommandError || error instanceof EmbeddedRedisError;
    process.stderr.write(`${known ? error.message : String((error as Error).stack)}\n`);
    return error instanceof UsageError ? USAGE : FAILED;
  }
}

const HELP = ['-h', '--help'];

async function parse(words: readonly string[], env: NodeJS.ProcessEnv, signals: Signals): Promise<number> {
  let help = '';
  let code = GOOD;
  const root = new Command('consumer-scheduler').configureOutput({ writeOut: (text) => (help += text) }).exitOverride();
  define(root, env, signals, (ended) => (code = ended));
  try {
    const { operands, unknown } = root.parseOptions([...words]);
    // Not by commander's default command, which would take a misspelled one for an argument of it.
    const noCommand = operands.length === 0 && !unknown.some((word) => HELP.includes(word));
    await root.parseAsync(noCommand ? ['run', ...words] : words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? GOOD : USAGE;
  }
  if (help !== '') await print(help);
  return code;
}

/** The commands; each of them ends with its exit code. */
function define(root: Command, env: NodeJS.ProcessEnv, signals: Signals, end: (code: number) => void): void {
  const options = () => ({ file: root.opts<{ config?: string }>().config, env });
  root
    .description('Keeps a consumer node of a P2P storage network in sync.')
    .version(version)
    .option('-c, --config <file>', 'configuration file, YAML or JSON')
    .showHelpAfterError('(--help tells what there is)')
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', (_, command) => {
      if (command.name() !== 'run') signals.standBack();
    });

  root
    .command('run')
    .description('run until SIGTERM or SIGINT; what is done where no command is given')
    .action(async () => {
      end(await runDaemon(options(), signals));
    });
  root
    .command('sync')
    .description('one round over every consumer, now')
    .action(() => syncOnce(options()));
  root
    .command('check-config')
    .description('print the effective configuration, or what is wrong with it')
    .action(() => checkConfig(options()));
  onRegistry(root, 'status')
    .description("the running scheduler's state, from Redis")
    .option('--json', 'as JSON')
    .action(({ redis, json = false }: OnRegistry) => showStatus({ ...options(), redis }, json));

  const peers = root.command('peers').description('the registry by hand');
  onRegistry(peers, 'list')
    .description('print the registered peers, and what is known of them')
    .argument('[kind]', 'consumer or producer; both where it is left out')
    .option('--json', 'as JSON, one peer a line')
    .action((kind: string | undefined, { redis, json = false }: OnRegistry) =>
      listPeers({ ...options(), redis }, kind, json),
    );
  onRegistry(peers, 'add')
    .description('register a peer, or give a registered one another address')
    .argument('<kind>', 'consumer or producer')
    .argument('<uuid>', 'in any spelling')
    .argument('<ip>', 'its IP address')
    .option('--port <port>', 'where it differs from the configured one')
    .action((kind: string, uuid: string, ip: string, { redis, port }: OnRegistry & { readonly port?: string }) =>
      addPeer({ ...options(), redis }, kind, uuid, ip, port),
    );
  onRegistry(peers, 'remove')
    .description('forget a peer, with all that is stored of it')
    .argument('<kind>', 'consumer or producer')
    .argument('<uuid>', 'in any spelling')
    .action((kind: string, uuid: string, { redis }: OnRegistry) => removePeer({ ...options(), redis }, kind, uuid));
}

interface OnRegistry {
  readonly redis?: string;
  readonly json?: boolean;
}

/** A command that needs of the configuration only where the registry is. */
function onRegistry(parent: Command, name: string): Command {
  return parent.command(name).option('--redis <url>', 'where the registry is, instead of a configuration');
}
