import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(import.meta.resolve('#src/main.js'));
const PATIENCE_MS = 15_000;

/** One line of the JSON log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly event?: string;
  readonly timestamp?: string;
}

export interface SchedulerOptions {
  /** Whether it has a group of processes of its own, which a Ctrl-C does not reach. */
  readonly detached?: boolean;
  /** Called with each line of the log as it comes. */
  readonly onLine?: (line: LogLine) => void;
}

/** Programs beside each other can't all have the usual port: where none is configured, any free one. */
export function statusPort(config: object | string | undefined): NodeJS.ProcessEnv {
  const isConfigured =
    typeof config === 'string' ? config.includes('status') : config !== undefined && 'status' in config;
  return isConfigured ? {} : { CONSUMER_SCHEDULER__STATUS__PORT: '0' };
}

/** The built program as a child process, with a configuration file of its own. */
export class Scheduler {
  readonly lines: LogLine[] = [];
  /** Everything it has printed, for whoever looks for what should not be there. */
  output = '';
  readonly #changed = new EventEmitter().setMaxListeners(0);
  readonly #ended: Promise<number>;

  private constructor(
    private readonly child: ChildProcessByStdio<null, Readable, Readable>,
    readonly folder: string,
    onLine: (line: LogLine) => void = () => undefined,
  ) {
    this.#ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : -1));
    child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    createInterface({ input: child.stderr }).on('line', (text) => {
      this.output += `${text}\n`;
      const line = toLine(text);
      this.lines.push(line);
      onLine(line);
      this.#changed.emit('change');
    });
  }

  /** Starts `node dist/main.js` under this configuration, or this text of one; the log is in JSON whatever that says. */
  static async start(
    config: object | string,
    env: NodeJS.ProcessEnv = {},
    command: readonly string[] = ['run'],
    { detached = false, onLine }: SchedulerOptions = {},
  ): Promise<Scheduler> {
    const folder = await mkdtemp(join(tmpdir(), 'scheduler-'));
    const file = join(folder, 'config.json');
    await writeFile(file, textOf(config));
    const child = spawn(process.execPath, [MAIN, ...command, '--config', file], {
      cwd: folder,
      env: { ...process.env, CONSUMER_SCHEDULER__LOG__FORMAT: 'json', ...statusPort(config), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached,
    });
    return new Scheduler(child, folder, onLine);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Writes another configuration over the one it runs with. */
  reconfigure(config: object | string): Promise<void> {
    return writeFile(join(this.folder, 'config.json'), textOf(config));
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Waits for a line of the log, one that was written before included. */
  async logged(wanted: (line: LogLine) => boolean, withinMs = PATIENCE_MS): Promise<LogLine> {
    const signal = AbortSignal.timeout(withinMs);
    for (;;) {
      const line = this.lines.find(wanted);
      if (line !== undefined) return line;
      await once(this.#changed, 'change', { signal });
    }
  }

  /** The exit code, -1 for one that was killed. */
  ended(): Promise<number> {
    return this.#ended;
  }

  /** Ends it as an operator would; returns the exit code. */
  async stop(): Promise<number> {
    this.signal('SIGTERM');
    const bound = setTimeout(() => {
      this.signal('SIGKILL');
    }, PATIENCE_MS);
    const code = await this.#ended;
    clearTimeout(bound);
    await this.clear();
    return code;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  /** Takes its folder away. */
  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function textOf(config: object | string): string {
  return typeof config === 'string' ? config : JSON.stringify(config);
}

function toLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: 'raw', message: text };
  }
}
