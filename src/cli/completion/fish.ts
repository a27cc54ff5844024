import type { CommandPosition, CompletedOption } from './tree.js';

/** A completion script for fish, with one line per possible word at each position. */
export function fishCompletion(program: string, positions: readonly CommandPosition[]): string {
  const name = `__${program.replace(/\W/g, '_')}`;
  const paths = positions.map(({ path }) => path).filter((path) => path !== '');
  const valued = new Set(
    positions.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags)),
  );
  const lines = positions.flatMap((position) => linesOf(program, name, position));
  return `# fish completion of ${program}: ${program} completion fish | source
# Whether the words so far are these commands; with a second argument, whether so many arguments stand after them.
function ${name}_at
    set -l path
    set -l count 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${[...valued].join(' ')}
            set skip 1
        else if not string match -q -- '-*' $word
            set -l longer (string trim -- "$path $word")
            if contains -- $longer ${paths.map(quote).join(' ')}
                set path $longer
                set count 0
            else
                set count (math $count + 1)
            end
        end
    end
    test "$path" = "$argv[1]"; and begin; not set -q argv[2]; or test $count = $argv[2]; end
end
complete -c ${program} -f
${lines.join('\n')}
`;
}

function linesOf(program: string, name: string, position: CommandPosition): string[] {
  const { path, commands, options, arguments: given } = position;
  const at = (count?: number): string =>
    `complete -c ${program} -n ${quote(`${name}_at ${quote(path)}${count === undefined ? '' : ` ${String(count)}`}`)}`;
  return [
    ...commands.map((one) => `${at(0)} -a ${quote(one.name)} -d ${quote(one.description)}`),
    ...options.map((option) => `${at()} ${flagsOf(option)} -d ${quote(option.description)}`),
    ...given.flatMap((one, i) => {
      if (one.isFile) return [`${at(i)} -F`];
      return one.choices.length > 0 ? [`${at(i)} -a ${quote(one.choices.join(' '))}`] : [];
    }),
  ];
}

function flagsOf({ flags, takesValue, choices, isFile }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value =
    choices.length > 0 ? [`-x -a ${quote(choices.join(' '))}`] : takesValue ? [isFile ? '-r -F' : '-x'] : [];
  return [...names, ...value].join(' ');
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
