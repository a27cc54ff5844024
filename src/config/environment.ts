import { parse } from 'yaml';
import { keyPaths } from './paths.js';
import { hint, type Problem } from './problem.js';

const PREFIX = 'CONSUMER_SCHEDULER__';
const SHORT: Readonly<Record<string, string>> = {
  LOCAL_UUID: 'uuid',
  REDIS_URL: 'redis.url',
  IP_OVERRIDE: 'publicIp.override',
  LOG_LEVEL: 'log.level',
};
/** Keys whose value is a text even where it looks like a number, or like YAML. */
const TEXTS: readonly string[] = ['uuid', 'redis.url', 'publicIp.override', 'redis.keyPrefix', 'http.signing.secret'];

export interface Setting {
  /** The key in its own spelling. */
  readonly key: string;
  readonly value: unknown;
  readonly variable: string;
}

/** What the environment sets, short forms first, so that the long ones win; and the variables that name no key. */
export function fromEnvironment(env: NodeJS.ProcessEnv): {
  settings: readonly Setting[];
  problems: readonly Problem[];
} {
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  for (const [variable, key] of Object.entries(SHORT)) {
    const text = env[variable];
    if (text !== undefined && text !== '') settings.push({ key, value: valueOf(key, text), variable });
  }
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const wanted = variable.slice(PREFIX.length).split('__').map(plain);
    const key = keyPaths.find((path) => path.split('.').map(plain).join('.') === wanted.join('.'));
    if (key === undefined) {
      const dotted = wanted.join('.');
      problems.push({ key: dotted, where: `environment ${variable}`, message: `unknown key${hint(dotted)}` });
    } else {
      settings.push({ key, value: valueOf(key, text), variable });
    }
  }
  return { settings, problems };
}

/** `suspectInterval`, `SUSPECTINTERVAL` and `SUSPECT_INTERVAL` are one name. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

function valueOf(key: string, text: string): unknown {
  if (TEXTS.includes(key)) return text;
  try {
    return parse(text, { maxAliasCount: 0 }) as unknown;
  } catch {
    return text;
  }
}
