import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { LineCounter, type Document } from 'yaml';
import { ConfigError } from './problem.js';
import { offsetOf, parsePlain } from './yaml.js';

const DEFAULT_PATHS = ['./consumer-scheduler.yaml', '/etc/consumer-scheduler/config.yaml'];
const MIB = 1_048_576;
/** More aliases than this can only be an attempt to exhaust the memory. */
const MAX_ALIASES = 20;

export type Tree = Readonly<Record<string, unknown>>;

/** A parsed configuration file, with the position of each key. */
export interface ConfigFile {
  readonly text: string | undefined;
  readonly value: Tree;
  readonly whereIs: (path: readonly PropertyKey[]) => string | undefined;
}

export const NO_FILE: ConfigFile = { text: undefined, value: {}, whereIs: () => undefined };

export interface FileOptions {
  /** From `--config`. */
  readonly file: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The base of relative paths to configuration files; by default the current folder. */
  readonly cwd?: string;
}

/** The paths where a configuration file is searched if none is given. */
export function defaultPaths(cwd = '.'): readonly string[] {
  return DEFAULT_PATHS.map((place) => resolve(cwd, place));
}

/** The configuration file to use: the given one, which need not exist, else the first default path that exists. */
export async function findConfigFile({ file, env, cwd = '.' }: FileOptions): Promise<string | undefined> {
  const named = file ?? env.CONSUMER_SCHEDULER_CONFIG;
  if (named !== undefined && named !== '') return resolve(cwd, named);
  for (const path of defaultPaths(cwd)) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}

/** Reads YAML, which includes JSON. Rejects with a `ConfigError` that shows the fault and its position. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const fail = (message: string, where = file): never => {
    throw new ConfigError([{ key: '', where, message }]);
  };
  const text = await readText(file).catch((error: unknown) => fail((error as Error).message));
  const lines = new LineCounter();
  const parsed = parsePlain(text, lines);
  if (!parsed.ok) {
    const { message, offset } = parsed.fault;
    const { line, col } = lines.linePos(offset);
    return fail(message, `${file}:${String(line)}:${String(col)}`);
  }
  const { document } = parsed;
  return {
    text,
    value: toTree(document, fail),
    whereIs: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? undefined : `${file}:${String(lines.linePos(offset).line)}`;
    },
  };
}

function toTree(document: Document, fail: (message: string) => never): Tree {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    const excessive = error instanceof Error && error.message.startsWith('Excessive');
    fail(excessive ? 'too many aliases' : 'not valid YAML or JSON: an alias that stands for nothing');
  }
  if (value === null || value === undefined) return {};
  return isTree(value) ? value : fail('expected keys and values at the top level');
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a file of at most 1 MiB, of any kind. Rejects with one clear sentence. */
export async function readText(file: string): Promise<string> {
  const bytes = await buffer(createReadStream(file, { end: MIB })).catch((error: unknown) => {
    throw new Error(reasonOf(error), { cause: error });
  });
  if (bytes.length > MIB) throw new Error('larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('not text in UTF-8');
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file';
    case 'EISDIR':
      return 'is a folder, not a file';
    case 'EACCES':
      return 'may not be read';
    default:
      return `could not be read (${code ?? 'unknown reason'})`;
  }
}
