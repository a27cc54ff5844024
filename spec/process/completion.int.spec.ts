import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { Program } from '../support/program.js';
import { skipBecause } from '../support/skip.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const has = (shell: Shell): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

async function scriptFor(shell: Shell): Promise<string> {
  const program = Program.start(['completion', shell]);
  expect([await program.ended(), program.stderr]).to.deep.equal([0, '']);
  await program.clear();
  return program.stdout;
}

/** What the shell offers at the end of a line. */
async function offered(shell: Shell, line: string): Promise<readonly string[]> {
  const script = await scriptFor(shell);
  const words = line.split(' ');
  const asked =
    shell === 'fish'
      ? `complete -C '${line}' | string replace -r '\\t.*' ''; true`
      : `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
         _consumer_scheduler; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync(shell, ['-c', `${script}\n${asked}`], { encoding: 'utf8' });
  expect([status, stderr]).to.deep.equal([0, '']);
  return stdout
    .split('\n')
    .filter((one) => one !== '')
    .sort();
}

describe('completion', function () {
  this.timeout(60_000);

  // In zsh, the completion of bash runs only within an interactive line.
  for (const shell of ['bash', 'fish'] as const) {
    describe(`in ${shell}`, () => {
      before(function () {
        if (!has(shell)) skipBecause(this, `there is no ${shell}`);
      });

      it('offers the commands, and those below a command', async () => {
        expect(await offered(shell, 'consumer-scheduler ')).to.include.members([
          'run',
          'doctor',
          'peers',
          'completion',
        ]);
        expect(await offered(shell, 'consumer-scheduler peers e')).to.deep.equal(['export']);
        expect(await offered(shell, 'consumer-scheduler --config x.yaml peers i')).to.deep.equal(['import']);
      });

      it('offers the options of a command, those of the program too', async () => {
        const options = await offered(shell, 'consumer-scheduler peers list --');
        expect(options).to.include.members(['--state', '--sort', '--json', '--redis', '--config', '--help']);
        expect(options).to.not.include('--follow');
      });

      it('offers what an argument or the value of an option may be', async () => {
        expect(await offered(shell, 'consumer-scheduler peers list ')).to.include.members(['consumer', 'producer']);
        expect(await offered(shell, 'consumer-scheduler peers list --json --sort la')).to.deep.equal(['latency']);
        expect(await offered(shell, 'consumer-scheduler completion ')).to.include.members(['bash', 'fish', 'zsh']);
        expect(await offered(shell, 'consumer-scheduler peers add consumer ')).to.not.include('consumer');
      });
    });
  }

  it('in zsh is a script that zsh can read', async function () {
    if (!has('zsh')) skipBecause(this, 'there is no zsh');
    const { status, stderr } = spawnSync('zsh', ['-n'], { input: await scriptFor('zsh'), encoding: 'utf8' });
    expect([status, stderr]).to.deep.equal([0, '']);
  });

  it('is there for each shell, and for no other', async () => {
    for (const shell of SHELLS) expect(await scriptFor(shell)).to.match(new RegExp(`^#.*\\b${shell}\\b|#compdef`));
    const program = Program.start(['completion', 'csh']);
    expect(await program.ended()).to.equal(2);
    expect(program.stderr).to.include('Allowed choices are bash, zsh, fish');
    await program.clear();
  });
});
