import { z } from 'zod';
import { schema } from './schema.js';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
}

/** The schema for editors, from the same source as the validation. */
export const jsonSchema = z.toJSONSchema(schema, { io: 'input' });

/** Every key of the configuration as a dotted path, groups before their members. */
export const keyPaths: readonly string[] = pathsOf(jsonSchema as Node, '').filter((path) => path !== '$schema');

function pathsOf({ properties = {} }: Node, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, node]) => [
    `${prefix}${name}`,
    ...pathsOf(node, `${prefix}${name}.`),
  ]);
}
