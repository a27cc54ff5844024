import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type LineCounter,
  type YAMLMap,
} from 'yaml';

/** The fault that makes a document unusable, and its position in the text. */
export interface YamlFault {
  readonly message: string;
  readonly offset: number;
}

export type PlainYaml =
  { readonly ok: true; readonly document: Document } | { readonly ok: false; readonly fault: YamlFault };

/**
 * Parses YAML, which includes JSON, with the limits of a configuration: keys are texts, unique within their map, and
 * tags of other types are rejected. The message of a fault never quotes the text, which may contain a password.
 */
export function parsePlain(text: string, lineCounter?: LineCounter): PlainYaml {
  const document = parseDocument(text, {
    ...(lineCounter === undefined ? {} : { lineCounter }),
    prettyErrors: false,
    logLevel: 'error',
    // A set or a date would look like a group without keys.
    schema: 'core',
    resolveKnownTags: false,
    // The check of the parser takes minutes for a file with very many keys.
    uniqueKeys: false,
  });
  // The parser only warns about an unresolved tag.
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const what =
      error.code === 'RESOURCE_EXHAUSTION' ? 'nested too deeply' : error.code.toLowerCase().replaceAll('_', ' ');
    return { ok: false, fault: { message: `not valid YAML or JSON: ${what}`, offset: error.pos[0] } };
  }
  const fault = keyFault(document);
  return fault === undefined ? { ok: true, document } : { ok: false, fault };
}

/** This runs before the document is converted to values, because that takes minutes with keys nested in keys. */
function keyFault(document: Document): YamlFault | undefined {
  let fault: YamlFault | undefined;
  visit(document, {
    Map: (_, map) => {
      const known = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar<string | number | boolean | null>(key) ? String(key.value ?? '') : '';
        const message = keyMessage(key, name, known);
        if (message !== undefined) fault ??= { message, offset: keyOffset(key, map) };
        known.add(name);
      }
      return fault === undefined ? undefined : visit.BREAK;
    },
  });
  return fault;
}

function keyMessage(key: unknown, name: string, known: ReadonlySet<string>): string | undefined {
  if (name === '') return 'not valid YAML or JSON: a key that is no text';
  if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
    return 'merge keys (<<) are not supported, since YAML 1.2 has none: write the keys out, or use an alias for a whole group';
  }
  return known.has(name) ? 'not valid YAML or JSON: duplicate key' : undefined;
}

/** An empty key has no position of its own. */
function keyOffset(key: unknown, map: YAMLMap): number {
  return startOf(key) ?? startOf(map) ?? 0;
}

/** The position of the key at a path, or of the nearest enclosing group in the document. */
export function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const name of path.map(String)) {
    if (isAlias(node)) node = node.resolve(document);
    const child = childOf(node, name);
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
