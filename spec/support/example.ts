import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './clone.js';
import { eventually } from './eventually.js';

/** One of `examples/` as a process of its own, on a free port. */
export class Example {
  output = '';
  #port: number | undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly folder: string,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
        const [, port] = /^listening on port (\d+)$/m.exec(this.output) ?? [];
        if (port !== undefined) this.#port = Number(port);
      });
    }
  }

  /** `STORE` of a producer is in a folder of its own. */
  static async start(name: string, env: NodeJS.ProcessEnv): Promise<Example> {
    const folder = mkdtempSync(join(tmpdir(), 'example-'));
    const child = spawn(process.execPath, [join('examples', name)], {
      cwd: ROOT,
      env: { ...process.env, HOST: '127.0.0.1', PORT: '0', STORE: join(folder, 'consumers.json'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const example = new Example(child, folder);
    const ended = once(child, 'close').then(() => Promise.reject(new Error(`${name} has ended: ${example.output}`)));
    const listening = eventually(() => {
      if (example.#port === undefined) throw new Error(`${name} does not listen: ${example.output}`);
    });
    ended.catch(() => undefined);
    listening.catch(() => undefined);
    await Promise.race([listening, ended]);
    return example;
  }

  get port(): number {
    return this.#port ?? NaN;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get store(): string {
    return join(this.folder, 'consumers.json');
  }

  /** The exit code after a SIGTERM. */
  async stop(): Promise<number | null> {
    const ended = this.child.exitCode === null ? once(this.child, 'close') : Promise.resolve([this.child.exitCode]);
    this.child.kill('SIGTERM');
    const [code] = (await ended) as [number | null];
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}
