import type { CommandPosition, CompletedOption } from './tree.js';

/** A completion script for bash, which zsh can use too. It contains the command tree as tables. */
export function bashCompletion(program: string, positions: readonly CommandPosition[]): string {
  const name = `_${program.replace(/\W/g, '_')}`;
  return `# bash completion of ${program}: source <(${program} completion bash)
${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' skip='' count=0 i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$path/$word" in
${arms(positions, ({ path, commands }) =>
  commands.map((one) => [`'${path}/${one.name}'`, `path='${`${path} ${one.name}`.trim()}' count=0; continue`]),
)}
    esac
    case "$path/$word" in
${arms(positions, (position) => valued(position).map(({ flag }) => [`'${position.path}/${flag}'`, 'skip=$word']))}
      */-*) ;;
      *) ((count++)) ;;
    esac
  done
  if [[ -n $skip ]]; then
    case "$path/$skip" in
${arms(positions, (position) => valued(position).map(({ flag, option }) => [`'${position.path}/${flag}'`, offered(option)]))}
    esac
    return
  fi
  if [[ $current == -* ]]; then
    case "$path" in
${arms(positions, ({ path, options }) => [[`'${path}'`, words(options.flatMap(({ flags }) => flags))]])}
    esac
    return
  fi
  case "$path/$count" in
${arms(positions, argumentArms)}
  esac
}
complete -o bashdefault -F ${name} ${program}
`;
}

type Arm = readonly [string, string];

function arms(
  positions: readonly CommandPosition[],
  armsOf: (position: CommandPosition) => readonly (readonly string[])[],
): string {
  return positions
    .flatMap((position) => armsOf(position))
    .map(([pattern = '', action = '']) => `      ${pattern}) ${action} ;;`)
    .join('\n');
}

/** The values of each argument. Subcommands take the position of the first argument. */
function argumentArms({ path, commands, arguments: given }: CommandPosition): readonly Arm[] {
  if (commands.length > 0) return [[`'${path}/0'`, words(commands.map(({ name }) => name))]];
  return given.map((one, i) => [`'${path}/${String(i)}'`, offered(one)]);
}

function valued({ options }: CommandPosition): readonly { readonly flag: string; readonly option: CompletedOption }[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .flatMap((option) => option.flags.map((flag) => ({ flag, option })));
}

function offered({ choices, isFile }: Pick<CompletedOption, 'choices' | 'isFile'>): string {
  return isFile ? 'COMPREPLY=($(compgen -f -- "$current"))' : words(choices);
}

function words(all: readonly string[]): string {
  return all.length === 0 ? ':' : `COMPREPLY=($(compgen -W '${all.join(' ')}' -- "$current"))`;
}
