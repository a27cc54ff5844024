import { isMap, isNode, isScalar, parseDocument, visit, type Document, type LineCounter } from 'yaml';

/** What makes a document unusable, and where in the text it stands. */
export interface YamlFault {
  readonly what: string;
  readonly offset: number;
}

export type PlainYaml =
  { readonly ok: true; readonly document: Document } | { readonly ok: false; readonly fault: YamlFault };

/**
 * Parses YAML, of which JSON is a part, as far as a configuration needs it: keys are texts, each once in its map, and
 * there are no tags of other types. What is wrong is told without a word of the text, which may hold a password.
 */
export function parsePlain(text: string, lineCounter?: LineCounter): PlainYaml {
  const document = parseDocument(text, {
    ...(lineCounter === undefined ? {} : { lineCounter }),
    prettyErrors: false,
    logLevel: 'error',
    // A set or a date would pass for a group without keys.
    schema: 'core',
    resolveKnownTags: false,
    // The parser's own check takes minutes over a file that is all keys.
    uniqueKeys: false,
  });
  // Of a tag that means nothing the parser only warns.
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const what =
      error.code === 'RESOURCE_EXHAUSTION' ? 'nested too deeply' : error.code.toLowerCase().replaceAll('_', ' ');
    return { ok: false, fault: { what, offset: error.pos[0] } };
  }
  const fault = keyFault(document);
  return fault === undefined ? { ok: true, document } : { ok: false, fault };
}

/** Found before the document is made into values: keys within keys would take that minutes. */
function keyFault(document: Document): YamlFault | undefined {
  let fault: YamlFault | undefined;
  visit(document, {
    Map: (_, map) => {
      const known = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar<string | number | boolean | null>(key) ? String(key.value ?? '') : '';
        if (name !== '' && !known.has(name)) known.add(name);
        else fault ??= { what: name === '' ? 'a key that is no text' : 'duplicate key', offset: startOf(key, map) };
      }
      return fault === undefined ? undefined : visit.BREAK;
    },
  });
  return fault;
}

/** An empty key has no place of its own. */
function startOf(key: unknown, map: unknown): number {
  const node = isNode(key) && key.range != null ? key : map;
  return (isMap(node) || isNode(node) ? node.range?.[0] : undefined) ?? 0;
}
