import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MAIN } from '../program.js';

const END = '--- end of the command:';
const PATIENCE_MS = 30_000;

/** One bash that runs what a page says, block by block, with `consumer-scheduler` in its path. */
export class Shell {
  #output = '';
  #done: ((code: number) => void) | undefined;
  readonly #exited: Promise<number>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.#exited = once(child, 'exit').then(() => -1);
    const take = (chunk: Buffer): void => {
      this.#output += chunk.toString();
      const [, code] = new RegExp(`^${END} (\\d+)$`, 'm').exec(this.#output) ?? [];
      if (code !== undefined) this.#done?.(Number(code));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  static start(
    folder: string,
    { redisServer, env = {} }: { redisServer?: string | undefined; env?: NodeJS.ProcessEnv },
  ) {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const command = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`;
    writeFileSync(join(bin, 'consumer-scheduler'), command, { mode: 0o755 });
    const found = redisServer?.includes('/') === true ? [dirname(redisServer)] : [];
    const path = [bin, dirname(process.execPath), ...found, process.env.PATH ?? ''].join(delimiter);
    const child = spawn('bash', [], {
      cwd: folder,
      // A group of its own, so that what it leaves in the background can be ended with it.
      detached: true,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env, PATH: path },
    });
    return new Shell(child);
  }

  /** Runs a block and resolves to what it printed, standard error included, and the exit code of its last command. */
  async run(block: string): Promise<{ readonly output: string; readonly code: number }> {
    this.#output = '';
    const ended = new Promise<number>((resolve) => (this.#done = resolve));
    this.child.stdin.write(`${block.trimEnd()}\nprintf '\\n${END} %s\\n' $?\n`);
    const over = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: over.signal }).then(() => this.#giveUp());
    late.catch(() => undefined);
    const code = await Promise.race([ended, this.#exited, late]);
    over.abort();
    return { output: this.#output.replace(new RegExp(`\\n?${END} .*`), ''), code };
  }

  /** Ends what does not end by itself, so that one command of many fails, and those after it at once. */
  #giveUp(): number {
    this.#output += `\nit did not end within ${PATIENCE_MS} ms`;
    process.kill(-(this.child.pid ?? NaN), 'SIGKILL');
    return -1;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    process.kill(-(this.child.pid ?? NaN), 'SIGKILL');
    await this.#exited;
  }
}
