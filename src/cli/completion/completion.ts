import type { Command } from 'commander';
import { print } from '../print.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import { positionsOf } from './tree.js';
import { zshCompletion } from './zsh.js';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** Prints the completion script of a shell for the commands and options of this program. */
export async function printCompletion(root: Command, shell: keyof typeof SCRIPTS): Promise<void> {
  await print(SCRIPTS[shell](root.name(), positionsOf(root)));
}
