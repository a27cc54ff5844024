import { access, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { toConfig, type Config } from './config.js';
import { fromEnvironment, type Setting } from './environment.js';
import { readConfigFile, type ConfigFile } from './file.js';
import { ConfigError, problemsOf, type Problem } from './problem.js';
import { schema, type Parsed } from './schema.js';

const IMPLICIT = ['./consumer-scheduler.yaml', '/etc/consumer-scheduler/config.yaml'];
const NO_FILE: ConfigFile = { value: {}, whereIs: () => undefined };

export interface LoadOptions {
  /** From `--config`. */
  readonly file: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

export interface Loaded {
  readonly config: Config;
  /** The same as it would be written, defaults filled in. */
  readonly parsed: Parsed;
  /** The keys that the file or the environment sets. */
  readonly set: readonly string[];
}

/** The file that counts: the one named, else the first of the usual ones that exists. */
export async function findConfigFile({ file, env }: LoadOptions): Promise<string | undefined> {
  const named = file ?? env.CONSUMER_SCHEDULER_CONFIG;
  if (named !== undefined && named !== '') return resolve(named);
  for (const path of IMPLICIT) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return resolve(path);
  }
  return undefined;
}

/** Environment over file over defaults, validated as a whole. Throws a `ConfigError` that names every bad key. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const path = await findConfigFile(options);
  const file = path === undefined ? NO_FILE : await readConfigFile(path);
  const { settings, problems } = fromEnvironment(options.env);
  const value = structuredClone(file.value) as Tree;
  const clashes = settings.flatMap((setting) => apply(value, setting));
  const whereIs = (at: readonly PropertyKey[]): string | undefined => {
    const key = at.map(String).join('.');
    const setting = settings.findLast((one) => key === one.key || key.startsWith(`${one.key}.`));
    return setting === undefined ? file.whereIs(at) : `environment ${setting.variable}`;
  };
  const result = schema.safeParse(value);
  const found = [...problems, ...clashes, ...(result.success ? [] : problemsOf(result.error, whereIs))];
  if (found.length > 0 || !result.success) throw new ConfigError(found);
  const config = toConfig(result.data);
  const tls = await readTls(config.http.tls, whereIs);
  return { config: { ...config, http: { ...config.http, tls } }, parsed: result.data, set: [...leaves(value, '')] };
}

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function apply(root: Tree, { key, value, variable }: Setting): Problem[] {
  const path = key.split('.');
  let at = root;
  for (const name of path.slice(0, -1)) {
    at[name] ??= {};
    const next = at[name];
    if (!isTree(next)) {
      return [{ key, where: `environment ${variable}`, message: `can't be set: ${name} is no group in the file` }];
    }
    at = next;
  }
  at[path.at(-1) ?? key] = value;
  return [];
}

function* leaves(value: unknown, path: string): Generator<string> {
  if (!isTree(value)) yield path;
  else for (const [name, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? name : `${path}.${name}`);
}

type Tls = Config['http']['tls'];

/** The PEM files by their content: one that can't be read is found at the start and not at the first call. */
async function readTls(files: Tls, whereIs: (path: readonly string[]) => string | undefined): Promise<Tls> {
  const problems: Problem[] = [];
  const read = async (name: keyof Tls): Promise<string | undefined> => {
    const file = files[name];
    if (file === undefined) return undefined;
    const text = await readFile(file, 'utf8').catch(() => '');
    const message = text === '' ? 'expected a file that can be read' : 'expected a PEM file';
    if (!text.includes('-----BEGIN '))
      problems.push({ key: `http.tls.${name}`, where: whereIs(['http', 'tls', name]), message });
    return text;
  };
  const tls = { ca: await read('ca'), cert: await read('cert'), key: await read('key') };
  if (problems.length > 0) throw new ConfigError(problems);
  return tls;
}
