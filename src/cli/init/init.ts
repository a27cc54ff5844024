import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, stat, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { defaultPaths, findConfigFile, type FileOptions } from '../../config/file.js';
import { CommandError, UsageError } from '../commandError.js';
import { print } from '../print.js';
import { defaultRedis, detectRedis, LOCAL_REDIS, type Found } from './detectRedis.js';
import { configText, requireValid, type Settings } from './settings.js';

export interface InitFlags {
  readonly file?: string;
  readonly uuid?: string;
  readonly redis?: string;
  readonly lan?: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
}

const OWNER_ONLY = 0o600;
/** If the file is overwritten, its group may keep its read permission, as for the configuration of a service. */
const MAX_MODE = 0o640;

/** Writes a first configuration, with prompts for missing settings on a terminal. Prints the next command. */
export async function initialise(options: FileOptions, flags: InitFlags): Promise<void> {
  if (flags.file !== undefined && options.file !== undefined)
    throw new UsageError('expected one of --file and --config');
  const file = await targetPath({ ...options, file: flags.file ?? options.file });
  // This comes before the prompts. The write itself refuses an existing file too.
  if (flags.force !== true && existsSync(file)) throw existsError(file);
  const found = await detectRedis(options.env);
  const given = {
    ...(flags.uuid === undefined ? {} : { uuid: flags.uuid }),
    ...(flags.redis === undefined ? {} : { redisUrl: flags.redis }),
    ...(flags.lan === undefined ? {} : { lan: flags.lan }),
  };
  const usual: Settings = { uuid: randomUUID(), redisUrl: defaultRedis(found), lan: false, ...given };
  requireValid(usual);
  let settings = usual;
  if (flags.yes !== true && isInteractive()) {
    const { ask } = await import('./ask.js');
    settings = await ask(given, found, usual.uuid);
  }
  await write(file, configText(settings), flags.force === true);
  await print(`${whatWasWritten(file, settings, found)}\nNext:  ${await nextCommand(options, file)}\n`);
}

/** The path that `run` would use, if one is given; otherwise in the current folder. */
async function targetPath(options: FileOptions): Promise<string> {
  const { file, env, cwd = '.' } = options;
  const [here = ''] = defaultPaths(cwd);
  const isNamed = (file ?? env.CONSUMER_SCHEDULER_CONFIG ?? '') !== '';
  return isNamed ? ((await findConfigFile(options)) ?? here) : here;
}

function isInteractive(): boolean {
  const isTerminal = ({ isTTY }: { readonly isTTY?: boolean }): boolean => isTTY === true;
  return isTerminal(process.stdin) && isTerminal(process.stdout);
}

function existsError(file: string): UsageError {
  return new UsageError(`${file} is already there; --force overwrites it`);
}

async function write(file: string, text: string, force: boolean): Promise<void> {
  try {
    const mode = await stat(file).then(
      (before) => before.mode & MAX_MODE,
      () => OWNER_ONLY,
    );
    await writeFile(file, text, { flag: force ? 'w' : 'wx', mode: OWNER_ONLY });
    await chmod(file, mode);
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw existsError(file);
    throw new CommandError(`${file} could not be written: ${REASONS[code] ?? code}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'its folder is not there',
  EISDIR: 'it is a folder',
  EACCES: 'its folder, or the file, may not be written by this user',
  EROFS: 'its file system is read-only',
};

function whatWasWritten(file: string, { uuid, redisUrl, lan }: Settings, { redis, program }: Found): string {
  const redisNotes: Readonly<Record<string, string>> = {
    embedded: program === undefined ? ', for which Redis has to be installed first' : `, by ${program}`,
    [LOCAL_REDIS]: {
      open: ', which answers',
      locked: ', which wants a password: put it into redis.url',
      none: ', where nothing answers yet',
    }[redis ?? 'none'],
  };
  return `${file}
  uuid   ${uuid}: give the API of this node the same
  Redis  ${withoutLogin(redisUrl)}${redisNotes[redisUrl] ?? ''}
  peers  ${lan ? 'public and private addresses' : 'public addresses'} may be called
`;
}

function withoutLogin(url: string): string {
  return url.replace(/\/\/.*@/, '//***@');
}

/** The command `run`, in the form in which this program was started. */
async function nextCommand({ env, cwd = '.' }: FileOptions, file: string): Promise<string> {
  const isFound = (await findConfigFile({ file: undefined, env, cwd })) === file;
  const near = relative(cwd, file);
  const words = isFound ? 'run' : `run --config ${near.startsWith('..') ? file : near}`;
  const [, started = ''] = process.argv;
  if (env.npm_lifecycle_event === 'start') return `npm start${isFound ? '' : ` -- ${words}`}`;
  return started.endsWith('.js') ? `node ${relative('.', started)} ${words}` : `consumer-scheduler ${words}`;
}
