import { keys, type Key, type SchemaNode } from './keys.js';
import { dotted, hint, nearestOf, shownName, type Problem } from './problem.js';
import { parsePlain } from './yaml.js';

const OUR_PREFIX = 'CONSUMER_SCHEDULER_';
const PREFIX = `${OUR_PREFIX}_`;
const CONFIG = `${OUR_PREFIX}CONFIG`;
/** Variables that Kubernetes sets in every container beside a service with our name. */
const KUBERNETES_VARIABLE = /^CONSUMER_SCHEDULER_(SERVICE_|PORT$|PORT_)/;
const SHORT: Readonly<Record<string, string>> = {
  LOCAL_UUID: 'uuid',
  REDIS_URL: 'redis.url',
  IP_OVERRIDE: 'publicIp.override',
  LOG_LEVEL: 'log.level',
};

export interface Setting {
  /** The key in its exact spelling. */
  readonly key: string;
  readonly value: unknown;
  readonly variable: string;
}

export interface Environment {
  /** In order of precedence: the last one wins. */
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
}

/** The settings in the environment (short forms first, groups before their members), and its problems. */
export function fromEnvironment(env: NodeJS.ProcessEnv): Environment {
  const long: Setting[] = [];
  const problems: Problem[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(OUR_PREFIX) || text === undefined) continue;
    if (!variable.startsWith(PREFIX)) {
      if (variable !== CONFIG && !KUBERNETES_VARIABLE.test(variable)) problems.push(unknownVariable(variable));
      continue;
    }
    const wanted = plain(variable.slice(PREFIX.length));
    const key = keys.find(({ path }) => path.toLowerCase() === wanted);
    const twin = long.find((setting) => setting.key === key?.path);
    const problem = (message: string): void => {
      problems.push({ key: key?.path ?? dotted([wanted]), where: `environment ${shownName(variable)}`, message });
    };
    if (key === undefined) problem(`unknown key${hint(dotted([wanted]))}`);
    else if (twin !== undefined) problem(`set twice: ${twin.variable} names the same key`);
    else long.push({ key: key.path, value: valueOf(key, text), variable });
  }
  const depth = ({ key }: Setting): number => key.split('.').length;
  return { settings: [...shortForms(env), ...long.sort((a, b) => depth(a) - depth(b))], problems };
}

const VARIABLES: readonly string[] = [
  ...keys.map(({ path }) => `${PREFIX}${path.toUpperCase().replaceAll('.', '__')}`),
  ...Object.keys(SHORT),
  CONFIG,
];

/** Suggests the known variable with the smallest difference, ignoring underscores and our prefix. */
function unknownVariable(variable: string): Problem {
  const core = (name: string): string => plain(name.replace(OUR_PREFIX, '')).replaceAll('.', '');
  const { near, close } = nearestOf(core(variable), VARIABLES, core);
  const message = `unknown variable; ${close ? `did you mean ${near}?` : `the nearest known variable is ${near}`}`;
  return { key: '', where: `environment ${shownName(variable)}`, message };
}

/**
 * An empty short form counts as not set, because a container sets a variable that it passes through to an empty
 * value.
 */
function shortForms(env: NodeJS.ProcessEnv): Setting[] {
  return Object.entries(SHORT).flatMap(([variable, key]) => {
    const text = env[variable] ?? '';
    return text === '' ? [] : [{ key, value: text, variable }];
  });
}

/** `SYNC__SUSPECTINTERVAL` and `SYNC__SUSPECT_INTERVAL` both mean `sync.suspectInterval`. */
function plain(path: string): string {
  return path
    .split('__')
    .map((name) => name.replaceAll('_', '').toLowerCase())
    .join('.');
}

/**
 * A key that accepts only text gets the text unchanged, even if it looks like YAML. Other values are parsed as YAML.
 */
function valueOf({ node }: Key, text: string): unknown {
  if (isText(node)) return text;
  const parsed = parsePlain(text);
  if (!parsed.ok) return text;
  try {
    return parsed.document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    return text;
  }
}

function isText({ type, anyOf }: SchemaNode): boolean {
  return type === 'string' || anyOf?.every(isText) === true;
}
