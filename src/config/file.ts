import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from 'yaml';
import { ConfigError } from './problem.js';
import { readText } from './readText.js';

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
  const document = parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    // The parser's own check takes minutes over a file that is all keys.
    uniqueKeys: false,
  });
  const placeOf = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${String(line)}:${String(col)}`;
  };
  const [fault] = document.errors;
  if (fault !== undefined) {
    // Only the code: the message may quote the line, and the line may hold a password.
    const what =
      fault.code === 'RESOURCE_EXHAUSTION' ? 'nested too deeply' : fault.code.toLowerCase().replaceAll('_', ' ');
    fail(`not valid YAML or JSON: ${what}`, placeOf(fault.pos[0]));
  }
  const twin = duplicateKey(document);
  if (twin !== undefined) fail('not valid YAML or JSON: duplicate key', placeOf(twin));
  return {
    value: toTree(document, fail),
    whereIs: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? undefined : `${file}:${String(lines.linePos(offset).line)}`;
    },
  };
}

/** Where a key stands that its map has already. */
function duplicateKey(document: Document): number | undefined {
  let twin: number | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const known = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? String(key.value) : key;
        if (known.has(name)) {
          twin = startOf(key);
          return visit.BREAK;
        }
        known.add(name);
      }
      return undefined;
    },
  });
  return twin;
}

function toTree(document: Document, fail: (message: string) => never): Tree {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch {
    fail('too many aliases');
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
