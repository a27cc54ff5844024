import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { schema, type Config } from './config.js';
import { fromEnvironment, type Setting } from './environment.js';
import { findConfigFile, isTree, NO_FILE, readConfigFile, usualPlaces, type FileOptions, type Tree } from './file.js';
import { NO_PEM, readPems, type Pem } from './pem.js';
import { ConfigError, printed, problemsOf, type Problem, type WhereIs } from './problem.js';
import { suspicions } from './suspicions.js';
import { uuidBeside } from './uuidFile.js';
import { file as fileName } from './values.js';

export interface LoadOptions extends FileOptions {
  /** From `--redis`: where Redis is; then no file is read. */
  readonly redis?: string | undefined;
  /** From `--prefix`: what the keys there begin with. */
  readonly keyPrefix?: string | undefined;
  /** For a command that does without a UUID of ours: what stands for it where none is set. */
  readonly spareUuid?: string;
}

/** What the names of options begin with, unlike those of variables. */
const OPTION = '--';

const NO_SETTINGS = 'the file has no settings';

export interface Loaded {
  /** The file that was read, if there is one. */
  readonly file: string | undefined;
  /** Its text. */
  readonly text: string | undefined;
  /** Whether it has no settings. */
  readonly empty: boolean;
  readonly config: Config;
  /** The same with the names of PEM files in place of their texts. */
  readonly declared: Config;
  /** What the file sets in vain, since a variable sets it too, by key. */
  readonly hidden: ReadonlyMap<string, Hidden>;
  /** The keys that the file or the environment sets. */
  readonly set: readonly string[];
  /** What is valid and likely to be a mistake, one line each. */
  readonly warnings: readonly string[];
}

interface Hidden {
  readonly variable: string;
  readonly value: unknown;
}

/** Environment over file over defaults, validated as a whole. Rejects with a `ConfigError` that names every bad key. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  return loadFile(options.redis === undefined ? await findConfigFile(options) : undefined, options);
}

/**
 * Reads the same file again at each call: it has to be there, and to have settings if it had some when it was valid last.
 * An editor that is interrupted, or a full disk, leaves an empty one, which would be all defaults.
 */
export function rereading(first: Loaded, options: LoadOptions): () => Promise<Loaded> {
  const { file } = first;
  let before = first;
  return async () => {
    const loaded = await loadFile(file, options);
    if (loaded.empty && !before.empty) throw new ConfigError([{ key: '', where: file, message: NO_SETTINGS }]);
    const warnings = [...loaded.warnings, ...inVain(before.hidden, loaded.hidden)];
    before = loaded;
    return { ...loaded, warnings };
  };
}

/** The changes of the file that change nothing. */
function inVain(before: ReadonlyMap<string, Hidden>, after: ReadonlyMap<string, Hidden>): readonly string[] {
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
    // Where there should be none, it does not matter what they are like.
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
  const declared = anchored(result.data, folder);
  const { redis, http } = declared;
  const config = { ...declared, redis: { ...redis, tls: ofRedis.pem }, http: { ...http, tls: ofHttp.pem } };
  const warnings = suspicions(declared, value, settings, whereIs).map(printed);
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

/** Why nothing sets the one key that is required, where no file does; where it is not required, why nothing is set. */
function missing(value: Tree, path: string | undefined, inFile: Tree, { cwd, spareUuid }: LoadOptions): Problem[] {
  if (value.uuid !== undefined || Object.keys(inFile).length > 0) return [];
  // With a setting of the environment at least, there is some telling which Redis is meant.
  if (spareUuid !== undefined && Object.keys(value).length > 0) return [];
  if (path !== undefined) return [{ key: '', where: path, message: NO_SETTINGS }];
  const places = usualPlaces(cwd).join(' and ');
  const instead = spareUuid === undefined ? 'set LOCAL_UUID' : 'name Redis with --redis URL';
  const remedy = `write one with \`consumer-scheduler init\`, name another with --config, or ${instead}`;
  return [{ key: '', where: undefined, message: `no configuration file found: looked for ${places}; ${remedy}` }];
}

/** Relative paths count from this folder. */
function anchored(config: Config, folder: string): Config {
  const { redis, http } = config;
  return {
    ...config,
    redis: { ...redis, dataDir: resolve(folder, redis.dataDir), tls: filesOf(redis, folder) },
    http: { ...http, tls: filesOf(http, folder) },
  };
}

/** The PEM files that a group names, as far as they are names of files. */
function filesOf(group: unknown, folder: string): Pem {
  const tls = isTree(group) && isTree(group.tls) ? group.tls : {};
  const at = (name: unknown): string | undefined => {
    const read = fileName.safeParse(name);
    return read.success ? resolve(folder, read.data) : undefined;
  };
  return { ca: at(tls.ca), cert: at(tls.cert), key: at(tls.key) };
}

/** A copy with one value changed: with aliases, two places of the file may be one and the same object. */
function withValue(tree: Tree, [name = '', ...rest]: readonly string[], value: Setting['value']): Tree {
  if (rest.length === 0) return { ...tree, [name]: value };
  const inner = tree[name];
  // A value that is no group stays, so that the validation names it.
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
