import { jsonSchema, type SchemaNode } from './jsonSchema.js';

/** A place in the configuration. */
export interface Key {
  /** Dotted, as in `sync.unavailable.interval`. */
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** Every key and every group of keys, groups before their members. */
export const keys: readonly Key[] = keysOf(jsonSchema, '').filter(({ path }) => path !== '$schema');

export const keyPaths: readonly string[] = keys.map(({ path }) => path);

function keysOf({ properties = {}, required = [] }: SchemaNode, prefix: string): Key[] {
  return Object.entries(properties).flatMap(([name, node]) => [
    { path: `${prefix}${name}`, node, required: required.includes(name) },
    ...keysOf(node, `${prefix}${name}.`),
  ]);
}
