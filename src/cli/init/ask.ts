import { cancel, intro, isCancel, select, text } from '@clack/prompts';
import { CommandError } from '../commandError.js';
import { defaultRedis, LOCAL_REDIS, type Found } from './detectRedis.js';
import { faultsOf, type Settings } from './settings.js';

const OTHER = 'other';
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
/** Valid values for the answer that is not being validated. */
const VALID = { uuid: '00000000-0000-0000-0000-000000000000', redisUrl: 'embedded' };

/** Prompts for the settings that no option gave, with the defaults filled in. */
export async function ask(given: Partial<Settings>, found: Found, freshUuid: string): Promise<Settings> {
  fixSize(process.stdout);
  intro('A configuration for this node');
  const uuid =
    given.uuid ??
    answered(
      await text({
        message: 'UUID of this node, the same as in its API',
        initialValue: freshUuid,
        validate: (value = '') => faultsOf({ ...VALID, uuid: value })[0]?.replace('--uuid: ', ''),
      }),
    );
  const redisUrl = given.redisUrl ?? (await askRedis(found));
  const lan =
    given.lan ??
    answered(
      await select({
        message: 'Where are the peers?',
        options: [
          { value: false, label: 'on the internet', hint: 'public addresses alone may be called' },
          { value: true, label: 'also in my own network', hint: 'private addresses too' },
        ],
      }),
    );
  return { uuid, redisUrl, lan };
}

async function askRedis(found: Found): Promise<string> {
  const here = { open: 'it answers', locked: 'it wants a password', none: 'nothing answers there now' };
  const chosen = answered(
    await select({
      message: 'Which Redis do scheduler and API share?',
      initialValue: defaultRedis(found),
      options: [
        { value: LOCAL_REDIS, label: 'the one on this host, port 6379', hint: here[found.redis ?? 'none'] },
        {
          value: 'embedded',
          label: 'a private one that the scheduler starts',
          hint: found.program ?? 'needs a redis-server program, and there is none on the PATH',
        },
        { value: OTHER, label: 'another one' },
      ],
    }),
  );
  if (chosen !== OTHER && !(chosen === LOCAL_REDIS && found.redis === 'locked')) return chosen;
  return answered(
    await text({
      message: 'Its URL: redis://user:password@host:6379/0, rediss://… or unix:///path',
      initialValue: chosen === LOCAL_REDIS ? 'redis://:password@127.0.0.1:6379/0' : 'redis://',
      validate: (value = '') => faultsOf({ ...VALID, redisUrl: value })[0]?.replace('--redis: ', ''),
    }),
  );
}

/** A serial console reports zero columns, and the prompt would print each character on its own line. */
function fixSize(output: { columns: number; rows: number }): void {
  if (output.columns === 0) Object.assign(output, { columns: DEFAULT_COLUMNS, rows: DEFAULT_ROWS });
}

/** Returns the answer, or ends the command after Ctrl-C or Escape. */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (!isCancel(answer)) return answer as Exclude<T, symbol>;
  cancel('nothing was written');
  throw new CommandError('given up');
}
