import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { schema, type Config } from './config.js';
import { fromEnvironment, type Setting } from './environment.js';
import { defaultPaths, findConfigFile, isTree, NO_FILE, readConfigFile, type FileOptions, type Tree } from './file.js';
import { NO_PEM, readPems, type Pem } from './pem.js';
import { ConfigError, printed, problemsOf, type Problem, type WhereIs } from './problem.js';
import { likelyMistakes } from './likelyMistakes.js';
import { uuidBeside } from './uuidFile.js';
import { file as fileName } from './values.js';

export interface LoadOptions extends FileOptions {
  /** From `--redis`: the URL of Redis. No file is then read. */
  readonly redis?: string | undefined;
  /** From `--prefix`: the key prefix. */
  readonly keyPrefix?: string | undefined;
  /** The UUID for a command that needs none of its own, if none is set. */
  readonly spareUuid?: string;
}

/** The prefix of option names, which distinguishes them from variables. */
const OPTION = '--';

const NO_SETTINGS = 'the file has no settings';

export interface Loaded {
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** Its text. */
  readonly text: string | undefined;
  /** Whether the file has no settings. */
  readonly empty: boolean;
  readonly config: Config;
  /** The configuration with the names of PEM files in place of their content. */
  readonly declared: Config;
  /** The values of the file that have no effect, because the environment sets the same key; by key. */
  readonly hidden: ReadonlyMap<string, Hidden>;
  /** The keys that the file or the environment sets. */
  readonly set: readonly string[];
  /** Valid settings that are likely to be mistakes, one line each. */
  readonly warnings: readonly string[];
}

/** A value in the file that has no effect. */
interface Hidden {
  /** The environment variable that sets the key. */
  readonly variable: string;
  readonly value: unknown;
}

/** Environment over file over defaults, validated as a whole. Rejects with a `ConfigError` that lists every bad key. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  return loadFile(options.redis === undefined ? await findConfigFile(options) : undefined, options);
}

/**
 * Reads the same file again at each call. It must exist, and must have settings if it had some when it was last valid.
 * An interrupted editor or a full disk leaves an empty file, which would reset everything to defaults.
 */
export function rereading(first: Loaded, options: LoadOptions): () => Promise<Loaded> {
  const { file } = first;
  let before = first;
  return async () => {
    const loaded = await loadFile(file, options);
    if (loaded.empty && !before.empty) throw new ConfigError([{ key: '', where: file, message: NO_SETTINGS }]);
    const warnings = [...loaded.warnings, ...ineffectiveChanges(before.hidden, loaded.hidden)];
    before = loaded;
    return { ...loaded, warnings };
  };
}

/** A warning for each change of the file that has no effect. */
function ineffectiveChanges(
  before: ReadonlyMap<string, Hidden>,
  after: ReadonlyMap<string, Hidden>,
): readonly string[] {
  const changed = [...after].filter(([key, { value }]) => !isDeepStrictEqual(before.get(key)?.value, value));
  return changed.map(([key, { variable }]) => `${key} is set by ${variable}; the file's value has no effect`);
}

async function loadFile(path: string | undefined, options: LoadOptions): Promise<Loaded> {
  const file = path === undefined ? NO_FILE : await readConfigFile(path);
  const spare = path === undefined || file.value.uuid !== undefined ? undefined : await uuidBeside(path);
  const { problems, ...environment } = fromEnvironment(options.env);
  const settings = [...environment.settings, ...fromOptions(options)];
  const whereIs: WhereIs = (at) => {
    const key = at.map(String).join('.');
    const setting = settings.findLast((one) => key === one.key || key.startsWith(`${one.key}.`));
    if (setting === undefined) return key === 'uuid' && spare !== undefined ? spare.path : file.whereIs(at);
    return setting.variable.startsWith(OPTION) ? setting.variable : `environment ${setting.variable}`;
  };
  const value = settings.reduce((tree, setting) => withValue(tree, setting.key.split('.'), setting.value), {
    ...(spare && { uuid: spare.uuid }),
    ...file.value,
  });
  const result = schema.safeParse({ uuid: options.spareUuid, ...value });
  const faults = result.success ? [] : problemsOf(result.error, whereIs);
  const folder = path === undefined ? (options.cwd ?? '.') : dirname(path);
  const pems = (group: 'redis' | 'http'): ReturnType<typeof readPems> => {
    const at = `${group}.tls`;
    // If there must be no files, their content does not matter.
    const files = faults.some(({ key }) => key === at) ? NO_PEM : filesOf(value[group], folder);
    return readPems(files, at, whereIs);
  };
  const [ofRedis, ofHttp] = [await pems('redis'), await pems('http')];
  const found = [
    ...problems,
    ...missing(value, path, file.value, options),
    ...faults,
    ...ofRedis.problems,
    ...ofHttp.problems,
  ];
  if (found.length > 0 || !result.success) throw new ConfigError(found);
  const declared = withAbsolutePaths(result.data, folder);
  const { redis, http } = declared;
  const config = { ...declared, redis: { ...redis, tls: ofRedis.pem }, http: { ...http, tls: ofHttp.pem } };
  const warnings = likelyMistakes(declared, value, settings, whereIs).map(printed);
  const empty = Object.keys(file.value).length === 0;
  const hidden = new Map(
    environment.settings.flatMap(({ key, variable }): [string, Hidden][] => {
      const inFile = valueAt(file.value, key.split('.'));
      return inFile === undefined ? [] : [[key, { variable, value: inFile }]];
    }),
  );
  return { file: path, text: file.text, empty, config, declared, hidden, set: [...leaves(value, '')], warnings };
}

function fromOptions({ redis, keyPrefix }: LoadOptions): readonly Setting[] {
  return [
    { key: 'redis.url', value: redis, variable: `${OPTION}redis` },
    { key: 'redis.keyPrefix', value: keyPrefix, variable: `${OPTION}prefix` },
  ].filter(({ value }) => value !== undefined);
}

/**
 * The problem if no file or setting gives the required UUID. For a command without a UUID, the problem if nothing is
 * set at all.
 */
function missing(value: Tree, path: string | undefined, inFile: Tree, { cwd, spareUuid }: LoadOptions): Problem[] {
  if (value.uuid !== undefined || Object.keys(inFile).length > 0) return [];
  // A setting in the environment is enough to select the Redis.
  if (spareUuid !== undefined && Object.keys(value).length > 0) return [];
  if (path !== undefined) return [{ key: '', where: path, message: NO_SETTINGS }];
  const places = defaultPaths(cwd).join(' and ');
  const instead = spareUuid === undefined ? 'set LOCAL_UUID' : 'name Redis with --redis URL';
  const remedy = `write one with \`consumer-scheduler init\`, name another with --config, or ${instead}`;
  return [{ key: '', where: undefined, message: `no configuration file found: looked for ${places}; ${remedy}` }];
}

/** Resolves relative paths from this folder. */
function withAbsolutePaths(config: Config, folder: string): Config {
  const { redis, http } = config;
  return {
    ...config,
    redis: { ...redis, dataDir: resolve(folder, redis.dataDir), tls: filesOf(redis, folder) },
    http: { ...http, tls: filesOf(http, folder) },
  };
}

/** The PEM files of a group, as absolute paths. Values that are not file names are left out. */
function filesOf(group: unknown, folder: string): Pem {
  const tls = isTree(group) && isTree(group.tls) ? group.tls : {};
  const at = (name: unknown): string | undefined => {
    const read = fileName.safeParse(name);
    return read.success ? resolve(folder, read.data) : undefined;
  };
  return { ca: at(tls.ca), cert: at(tls.cert), key: at(tls.key) };
}

/** Returns a copy with one value changed. The tree must not be modified, because YAML aliases may share objects. */
function withValue(tree: Tree, [name = '', ...rest]: readonly string[], value: Setting['value']): Tree {
  if (rest.length === 0) return { ...tree, [name]: value };
  const inner = tree[name];
  // A value that is not a group stays, so that the validation reports it.
  if (inner !== undefined && !isTree(inner)) return tree;
  return { ...tree, [name]: withValue(inner ?? {}, rest, value) };
}

function valueAt(tree: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return tree;
  return isTree(tree) && Object.hasOwn(tree, name) ? valueAt(tree[name], rest) : undefined;
}

function* leaves(value: unknown, path: string): Generator<string> {
  if (!isTree(value)) yield path;
  else for (const [name, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? name : `${path}.${name}`);
}
