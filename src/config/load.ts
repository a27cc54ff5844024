import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toConfig, type Config } from './config.js';
import { fromEnvironment, type Setting } from './environment.js';
import { isTree, NO_FILE, readConfigFile, type Tree } from './file.js';
import { ConfigError, problemsOf, type Problem } from './problem.js';
import { schema, type Parsed } from './schema.js';
import { readTls } from './tls.js';

const IMPLICIT = ['./consumer-scheduler.yaml', '/etc/consumer-scheduler/config.yaml'];

export interface LoadOptions {
  /** From `--config`. */
  readonly file: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where relative paths of configuration files begin; the current folder where it is left out. */
  readonly cwd?: string;
}

export interface Loaded {
  readonly config: Config;
  /** The same as it would be written, defaults filled in. */
  readonly parsed: Parsed;
  /** The keys that the file or the environment sets. */
  readonly set: readonly string[];
}

/** The file that counts: the one named, which need not exist, else the first of the usual ones that does. */
export async function findConfigFile({ file, env, cwd = '.' }: LoadOptions): Promise<string | undefined> {
  const named = file ?? env.CONSUMER_SCHEDULER_CONFIG;
  if (named !== undefined && named !== '') return resolve(cwd, named);
  for (const path of IMPLICIT.map((usual) => resolve(cwd, usual))) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}

/** Environment over file over defaults, validated as a whole. Rejects with a `ConfigError` that names every bad key. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const path = await findConfigFile(options);
  const file = path === undefined ? NO_FILE : await readConfigFile(path);
  const { settings, problems } = fromEnvironment(options.env);
  const whereIs = (at: readonly PropertyKey[]): string | undefined => {
    const key = at.map(String).join('.');
    const setting = settings.findLast((one) => key === one.key || key.startsWith(`${one.key}.`));
    return setting === undefined ? file.whereIs(at) : `environment ${setting.variable}`;
  };
  const value = settings.reduce((tree, setting) => withValue(tree, setting.key.split('.'), setting.value), file.value);
  const result = schema.safeParse(value);
  const found: Problem[] = [...problems, ...(result.success ? [] : problemsOf(result.error, whereIs))];
  if (found.length > 0 || !result.success) throw new ConfigError(found);
  const config = toConfig(result.data);
  const tls = await readTls(config.http.tls, whereIs);
  return { config: { ...config, http: { ...config.http, tls } }, parsed: result.data, set: [...leaves(value, '')] };
}

/** A copy with one value changed: with aliases, two places of the file may be one and the same object. */
function withValue(tree: Tree, [name = '', ...rest]: readonly string[], value: Setting['value']): Tree {
  if (rest.length === 0) return { ...tree, [name]: value };
  const inner = tree[name];
  // What is no group stays, to be named as such.
  if (inner !== undefined && !isTree(inner)) return tree;
  return { ...tree, [name]: withValue(inner ?? {}, rest, value) };
}

function* leaves(value: unknown, path: string): Generator<string> {
  if (!isTree(value)) yield path;
  else for (const [name, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? name : `${path}.${name}`);
}
