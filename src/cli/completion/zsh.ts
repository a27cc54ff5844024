import { bashCompletion } from './bash.js';
import type { Place } from './tree.js';

/** A completion script for zsh: that of bash, through the bash compatibility layer of zsh. */
export function zshCompletion(program: string, places: readonly Place[]): string {
  return `#compdef ${program}
# zsh completion of ${program}: source <(${program} completion zsh)
autoload -Uz compinit bashcompinit
(( $+functions[compdef] )) || compinit
bashcompinit
${bashCompletion(program, places).replace(/^#.*\n/, '')}`;
}
