import type { Command } from 'commander';

/** An option as a shell has to know it. */
export interface CompletedOption {
  /** `--sort`, `-c`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** What its value may be; empty where that is free. */
  readonly choices: readonly string[];
  /** Whether its value is the name of a file. */
  readonly isFile: boolean;
}

/** A place on the command line: the words of the commands so far, and what may follow them. */
export interface Place {
  /** Empty for the program itself, else `peers list`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What each argument may be, in their order. */
  readonly arguments: readonly { readonly choices: readonly string[]; readonly isFile: boolean }[];
}

const FILE = /<file>|\bfile\b/;

/** Every place of a command line, the program itself first. */
export function placesOf(root: Command): readonly Place[] {
  return [...walk(root, [], [])];
}

function* walk(command: Command, path: readonly string[], inherited: readonly CompletedOption[]): Generator<Place> {
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
  // What the program itself takes may stand anywhere; each command has its own help.
  const global = path.length === 0 ? own.filter(({ flags }) => flags.includes('--config')) : inherited;
  for (const one of commands) yield* walk(one, [...path, one.name()], global);
}
