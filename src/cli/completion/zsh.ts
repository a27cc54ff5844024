import { bashCompletion } from './bash.js';
import type { CommandPosition } from './tree.js';

/** A completion script for zsh: that of bash, through the bash compatibility layer of zsh. */
export function zshCompletion(program: string, positions: readonly CommandPosition[]): string {
  return `#compdef ${program}
# zsh completion of ${program}: source <(${program} completion zsh)
autoload -Uz compinit bashcompinit
(( $+functions[compdef] )) || compinit
bashcompinit
${bashCompletion(program, positions).replace(/^#.*\n/, '')}`;
}
