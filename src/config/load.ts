import { schema, type Config } from './config.js';
import { fromEnvironment, type Setting } from './environment.js';
import { findConfigFile, isTree, NO_FILE, readConfigFile, type FileOptions, type Tree } from './file.js';
import { ConfigError, problemsOf, type Problem, type WhereIs } from './problem.js';
import { readPems } from './pem.js';

export { findConfigFile } from './file.js';

export type LoadOptions = FileOptions;

export interface Loaded {
  readonly config: Config;
  /** The same with the names of PEM files in place of their texts. */
  readonly declared: Config;
  /** The keys that the file or the environment sets. */
  readonly set: readonly string[];
}

/** Environment over file over defaults, validated as a whole. Rejects with a `ConfigError` that names every bad key. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const path = await findConfigFile(options);
  const file = path === undefined ? NO_FILE : await readConfigFile(path);
  const { settings, problems } = fromEnvironment(options.env);
  const whereIs: WhereIs = (at) => {
    const key = at.map(String).join('.');
    const setting = settings.findLast((one) => key === one.key || key.startsWith(`${one.key}.`));
    return setting === undefined ? file.whereIs(at) : `environment ${setting.variable}`;
  };
  const value = settings.reduce((tree, setting) => withValue(tree, setting.key.split('.'), setting.value), file.value);
  const result = schema.safeParse(value);
  const found: Problem[] = [...problems, ...(result.success ? [] : problemsOf(result.error, whereIs))];
  if (found.length > 0 || !result.success) throw new ConfigError(found);
  const declared = result.data;
  const { redis, http } = declared;
  const config = {
    ...declared,
    redis: { ...redis, tls: await readPems(redis.tls, 'redis.tls', whereIs) },
    http: { ...http, tls: await readPems(http.tls, 'http.tls', whereIs) },
  };
  return { config, declared, set: [...leaves(value, '')] };
}

/** A copy with one value changed: with aliases, two places of the file may be one and the same object. */
function withValue(tree: Tree, [name = '', ...rest]: readonly string[], value: Setting['value']): Tree {
  if (rest.length === 0) return { ...tree, [name]: value };
  const inner = tree[name];
  // A value that is no group stays, so that the validation names it.
  if (inner !== undefined && !isTree(inner)) return tree;
  return { ...tree, [name]: withValue(inner ?? {}, rest, value) };
}

function* leaves(value: unknown, path: string): Generator<string> {
  if (!isTree(value)) yield path;
  else for (const [name, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? name : `${path}.${name}`);
}
