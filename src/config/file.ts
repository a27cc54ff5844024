import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Document } from 'yaml';
import { ConfigError } from './problem.js';
import { readText } from './readText.js';
import { parsePlain } from './yaml.js';

/** Aliases are a convenience; more than these are an attempt to fill the memory. */
const MOST_ALIASES = 20;

export type Tree = Readonly<Record<string, unknown>>;

/** A configuration file as parsed, and where in it a key stands. */
export interface ConfigFile {
  readonly value: Tree;
  readonly whereIs: (path: readonly PropertyKey[]) => string | undefined;
}

export const NO_FILE: ConfigFile = { value: {}, whereIs: () => undefined };

/** Reads YAML, of which JSON is a part. Rejects with a `ConfigError` that says what is wrong, and where. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const fail = (message: string, where = file): never => {
    throw new ConfigError([{ key: '', where, message }]);
  };
  const source = await readText(file).catch((error: unknown) => fail((error as Error).message));
  const lines = new LineCounter();
  const parsed = parsePlain(source, lines);
  if (!parsed.ok) {
    const { what, offset } = parsed.fault;
    const { line, col } = lines.linePos(offset);
    return fail(`not valid YAML or JSON: ${what}`, `${file}:${String(line)}:${String(col)}`);
  }
  const { document } = parsed;
  return {
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
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
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

/** Where the key at a path begins, or that of the nearest group around it that the file does contain. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const name of path.map(String)) {
    if (isAlias(node)) node = node.resolve(document);
    const child: { at: unknown; value: unknown } | undefined = childOf(node, name);
    if (child === undefined) break;
    offset = startOf(child.at) ?? offset;
    node = child.value;
  }
  return offset;
}

function childOf(node: unknown, name: string): { readonly at: unknown; readonly value: unknown } | undefined {
  if (isSeq(node)) return { at: node.items[Number(name)], value: node.items[Number(name)] };
  const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === name) : undefined;
  return pair && { at: pair.key, value: pair.value };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
