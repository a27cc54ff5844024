import { statusPort } from '#swarm/scheduler.js';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The entry point of the built program. */
export const MAIN = fileURLToPath(import.meta.resolve('#src/main.js'));

export interface ProgramOptions {
  readonly config?: object;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: StdioOptions;
  /** What stands before `node` on the command line, such as `unshare --pid`. */
  readonly before?: readonly string[];
}

/** The built program, started with streams or in surroundings of a spec's own. `Scheduler` is for the usual ones. */
export class Program {
  stdout = '';
  stderr = '';
  readonly #ended: Promise<number>;

  private constructor(
    readonly child: ChildProcess,
    readonly folder: string,
  ) {
    this.#ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : -1));
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  static start(words: readonly string[], options: ProgramOptions = {}): Program {
    const { config, env, stdio = ['ignore', 'pipe', 'pipe'], before = [] } = options;
    const folder = mkdtempSync(join(tmpdir(), 'program-'));
    const file = join(folder, 'config.json');
    if (config !== undefined) writeFileSync(file, JSON.stringify(config));
    const [command = '', ...args] = [
      ...before,
      process.execPath,
      MAIN,
      ...words,
      ...(config === undefined ? [] : ['--config', file]),
    ];
    return new Program(
      spawn(command, args, {
        cwd: folder,
        env: { ...process.env, ...(config === undefined ? {} : statusPort(config)), ...env },
        stdio,
      }),
      folder,
    );
  }

  /** The exit code, -1 for one that was killed. */
  ended(): Promise<number> {
    return this.#ended;
  }

  /** The exit code after a signal to stop. */
  stop(): Promise<number> {
    this.child.kill('SIGTERM');
    return this.#ended;
  }

  /** Ends it, if it has not, and takes its folder away. */
  async clear(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
