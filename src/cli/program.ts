import { Command, CommanderError } from 'commander';
import { EmbeddedRedisError } from '../clients/embeddedFolder.js';
import { version } from '../version.js';
import { CommandError, UsageError } from './commandError.js';
import { defineCommands } from './commands.js';
import type { CommandContext } from './define.js';
import { FAILURE, SUCCESS, USAGE } from './exitCode.js';
import { handleClosedOutput, print } from './print.js';
import type { Signals } from './signals.js';

/** Runs the command line and resolves to the exit code. An error is one clear text on standard error. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv, signals: Signals): Promise<number> {
  handleClosedOutput();
  try {
    return await parse(joined(argv.slice(2)), env, signals);
  } catch (error) {
    // Imported on demand: it loads the whole configuration, which most commands need but --help does not.
    const { ConfigError } = await import('../config/problem.js');
    if (error instanceof ConfigError) {
      process.stderr.write(`the configuration is not valid:\n${error.message.replace(/^/gm, '  ')}\n`);
      return USAGE;
    }
    const known = error instanceof CommandError || error instanceof EmbeddedRedisError;
    process.stderr.write(`${known ? error.message : String((error as Error).stack)}\n`);
    return error instanceof UsageError ? USAGE : FAILURE;
  }
}

const HELP = ['-h', '--help'];

/** Joins `--sort -ip` to one argument. Otherwise `-ip` would be parsed as options of the program. */
function joined(words: readonly string[]): string[] {
  return words.flatMap((word, i) => {
    if (word === '--sort' && words[i + 1]?.startsWith('-') === true) return [];
    return words[i - 1] === '--sort' && word.startsWith('-') ? [`--sort=${word}`] : [word];
  });
}

async function parse(words: readonly string[], env: NodeJS.ProcessEnv, signals: Signals): Promise<number> {
  let help = '';
  let code = SUCCESS;
  const root = new Command('consumer-scheduler').configureOutput({ writeOut: (text) => (help += text) }).exitOverride();
  const options = () => ({ file: root.opts<{ config?: string }>().config, env });
  define(root, { options, signals, end: (ended) => (code = ended) });
  try {
    const { operands, unknown } = root.parseOptions([...words]);
    // The default command of commander is not used, because it would treat a misspelled command as an argument.
    const noCommand = operands.length === 0 && !unknown.some((word) => HELP.includes(word));
    await root.parseAsync(noCommand ? ['run', ...words] : words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? SUCCESS : USAGE;
  }
  if (help !== '') await print(help);
  return code;
}

/** Defines the options and commands of the program. */
export function define(root: Command, context: CommandContext): void {
  root
    .description('Keeps a consumer node of a P2P storage network in sync.')
    .version(version)
    .option('-c, --config <file>', 'configuration file, YAML or JSON')
    .showHelpAfterError('(--help tells what there is)')
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', (_, command) => {
      if (!handlesSignals(command)) context.signals.restoreDefaults();
    });
  defineCommands(root, context);
}

/** Whether a command runs until a signal and then ends with success. */
function handlesSignals(command: Command): boolean {
  const { watch, follow } = command.opts<{ readonly watch?: boolean; readonly follow?: boolean }>();
  return command.name() === 'run' || watch === true || follow === true;
}
