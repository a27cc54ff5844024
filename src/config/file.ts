import { readFile, stat } from 'node:fs/promises';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { ConfigError } from './problem.js';

const LARGEST = 1_048_576;

/** A configuration file as parsed, and where in it a key stands. */
export interface ConfigFile {
  readonly value: unknown;
  readonly whereIs: (path: readonly PropertyKey[]) => string | undefined;
}

/** Reads YAML, of which JSON is a part. Throws a `ConfigError` that says what is wrong, and where. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const fail = (message: string, where = file): never => {
    throw new ConfigError([{ key: '', where, message }]);
  };
  const source = await readText(file).catch((error: unknown) => fail(reasonOf(error)));
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    fail(
      `not valid YAML or JSON: ${fault.code.toLowerCase().replaceAll('_', ' ')}`,
      `${file}:${String(line)}:${String(col)}`,
    );
  }
  const value = toValue(document, fail);
  return {
    value,
    whereIs: (path) => {
      const node = path.length === 0 ? undefined : keyNode(document, path);
      return node === undefined ? undefined : `${file}:${String(lines.linePos(node).line)}`;
    },
  };
}

function toValue(document: Document, fail: (message: string) => never): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 }) as unknown;
  } catch {
    fail('too many aliases');
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return fail('expected keys and values at the top level');
  return value;
}

/** Offset of the value at a path, or of the nearest group around it that the file does contain. */
function keyNode(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
    const offset = node?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return undefined;
}

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > LARGEST) throw new Error('larger than 1 MiB');
  return readFile(file, 'utf8');
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EISDIR') return 'is a folder, not a file';
  if (code === 'EACCES') return 'may not be read';
  return message;
}
