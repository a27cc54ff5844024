import { z } from 'zod';
import { schema } from './config.js';

/** The part of a JSON Schema that describes a configuration. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
}

/** The schema of the file for editors, in draft 7, which all of them support. */
export const jsonSchema = {
  title: 'Configuration of consumer-scheduler',
  ...z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    // Every group is optional, and its empty default would not help a reader.
    override: ({ jsonSchema: node }) => {
      if (node.properties !== undefined) delete node.default;
    },
  }),
} as SchemaNode;

/** A key or a group of keys. */
export interface Key {
  /** Dotted, as in `sync.unavailable.interval`. */
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** Every key and every group of keys, groups before their members. */
export const keys: readonly Key[] = keysOf(jsonSchema, '').filter(({ path }) => path !== '$schema');

export const keyPaths: readonly string[] = keys.map(({ path }) => path);

/** The keys of the item with this index in each list of groups, such as `notify.0.webhook`. */
export function itemPaths(index: string): readonly string[] {
  const paths = keys.flatMap(({ path, node: { items } }) => {
    const forms = items === undefined ? [] : [items, ...(items.anyOf ?? [])];
    return forms.flatMap((form) => keysOf(form, `${path}.${index}.`)).map((key) => key.path);
  });
  return [...new Set(paths)];
}

function keysOf({ properties = {}, required = [] }: SchemaNode, prefix: string): Key[] {
  return Object.entries(properties).flatMap(([name, node]) => [
    { path: `${prefix}${name}`, node, required: required.includes(name) },
    ...keysOf(node, `${prefix}${name}.`),
  ]);
}
