import { Argument, Option, type Command } from 'commander';
import type { LoadOptions } from '../config/load.js';
import type { Signals } from './signals.js';

/** The inputs and outputs of the commands. */
export interface CommandContext {
  /** The sources of the configuration: `--config` and the environment. */
  readonly options: () => LoadOptions;
  readonly signals: Signals;
  /** Sets the exit code. */
  readonly end: (code: number) => void;
}

export interface RegistryFlags {
  readonly redis?: string;
  readonly json?: boolean;
}

/** A command that needs only the address of the registry from the configuration. */
export function registryCommand(parent: Command, name: string): Command {
  return parent.command(name).option('--redis <url>', 'where the registry is, instead of a configuration');
}

/** Adds usage examples below the help of a command. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  const program = 'consumer-scheduler';
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${program} ${line}\n`).join('')}`);
}

/** An argument with choices for shell completion. The command itself validates the value. */
export function oneOf(name: string, description: string, choices: readonly string[]): Argument {
  return new Argument(name, description).choices(choices).argParser((value: string) => value);
}

/** The same for the value of an option. */
export function optionOneOf(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser((value: string) => value);
}
