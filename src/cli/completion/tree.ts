import type { Command } from 'commander';

/** The data of an option that a completion script needs. */
export interface CompletedOption {
  /** `--sort`, `-c`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** The possible values; empty if any value is allowed. */
  readonly choices: readonly string[];
  /** Whether its value is the name of a file. */
  readonly isFile: boolean;
}

/** A position in the command tree: the commands typed so far, and what may follow. */
export interface CommandPosition {
  /** Empty for the program itself, else for example `peers list`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** The possible values of each argument, in order. */
  readonly arguments: readonly { readonly choices: readonly string[]; readonly isFile: boolean }[];
}

const FILE = /<file>|\bfile\b/;

/** All positions of the command tree, the program itself first. */
export function positionsOf(root: Command): readonly CommandPosition[] {
  return [...walk(root, [], [])];
}

function* walk(
  command: Command,
  path: readonly string[],
  inherited: readonly CompletedOption[],
): Generator<CommandPosition> {
  const help = command.createHelp();
  const own = help.visibleOptions(command).map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    isFile: FILE.test(option.flags),
  }));
  const options = [...own, ...inherited];
  const commands = help.visibleCommands(command);
  yield {
    path: path.join(' '),
    commands: commands.map((one) => ({ name: one.name(), description: one.description() })),
    options,
    arguments: command.registeredArguments.map((one) => ({
      choices: one.argChoices ?? [],
      isFile: FILE.test(one.name()),
    })),
  };
  // Options of the program itself may appear anywhere, but every command has its own help.
  const global = path.length === 0 ? own.filter(({ flags }) => flags.includes('--config')) : inherited;
  for (const one of commands) yield* walk(one, [...path, one.name()], global);
}
