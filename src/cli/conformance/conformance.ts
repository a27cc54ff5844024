import { nativeClient } from '../../clients/native.js';
import type { LoadOptions } from '../../config/load.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { nameOf } from '../../domain/text/printable.js';
import { version } from '../../version.js';
import { FAILURE, SUCCESS } from '../exitCode.js';
import { print } from '../print.js';
import { withRegistry } from '../registry.js';
import { outputStyle } from '../style.js';
import { checkAnswering, checkFirst } from './answering.js';
import { Caller } from './caller.js';
import { NO_ANSWER, notChecked, type Finding } from './finding.js';
import { localAddress } from './localAddress.js';
import { promisesOf, type PromiseId } from './promises.js';
import { checkProof, checkTerms } from './proving.js';
import { checkRefusing, HOSTILE_UUIDS, MISSING_UUID_KEYS } from './refusing.js';
import { checkRegistry } from './registering.js';
import { asJson, inWords } from './report.js';
import { settingsOf, type ConformanceFlags, type Settings } from './settings.js';
import { Stored } from './stored.js';

/** Prints which promises an API keeps. Resolves to the exit code: a failure if any promise is broken. */
export async function examineApi(options: LoadOptions, url: string, flags: ConformanceFlags): Promise<number> {
  const { text, code } = await conform(options, url, flags);
  await print(text);
  return code;
}

/** Checks an API. Returns the output and the exit code. */
export async function conform(
  options: LoadOptions,
  url: string,
  flags: ConformanceFlags,
): Promise<{ readonly text: string; readonly code: number }> {
  const settings = await settingsOf(options, url, flags);
  const { redis, keyPrefix, kind } = settings;
  const { findings, left } =
    redis === undefined
      ? await examined(settings)
      : await withRegistry({ ...options, redis, keyPrefix }, (registry) => examined(settings, new Stored(registry)));
  const text =
    flags.json === true
      ? `${asJson(findings, { url: settings.url, kind, left })}\n`
      : `${head(settings)}\n\n${inWords(findings, outputStyle())}${leftoverText(kind, left)}`;
  return { text, code: findings.some(({ result }) => result === 'broken') ? FAILURE : SUCCESS };
}

interface Examined {
  readonly findings: readonly Finding[];
  /** Accepted callers whose entries may still be stored. */
  readonly left: readonly string[];
}

async function examined(settings: Settings, stored?: Stored): Promise<Examined> {
  const { url, tls, timeoutMs } = settings;
  const post = nativeClient({ userAgent: `consumer-scheduler/${version}`, tls });
  const caller = new Caller({ ...settings, post });
  // If no server listens there, the first call reports it.
  const from = stored === undefined ? '' : await localAddress(url, timeoutMs).catch(() => '');
  try {
    const found = await checks(settings, caller, stored, from);
    if (found.some(({ id, result }) => id === 'stores-first' && result === 'broken')) await stored?.settle();
    return { findings: complete(settings, found), left: stored === undefined ? [...caller.accepted] : [] };
  } finally {
    await stored?.remove([...caller.used, ...Object.values(HOSTILE_UUIDS), ...MISSING_UUID_KEYS], from);
  }
}

/** Runs the groups one after the other, while the API answers. */
async function checks(
  { kind, own, secret }: Settings,
  caller: Caller,
  stored: Stored | undefined,
  from: string,
): Promise<readonly Finding[]> {
  const uuid = caller.newUuid();
  const found = [...(await checkFirst(caller, uuid))];
  const groups = [
    async () => checkAnswering(caller, uuid, own ?? (await stored?.own())),
    () => checkRefusing(caller, uuid),
    ...(secret === undefined ? [] : [() => checkProof(caller, uuid)]),
    ...(stored === undefined ? [] : [() => checkRegistry(caller, stored, from)]),
    ...(kind === 'producer' ? [() => checkTerms(caller)] : []),
  ];
  if (!isKept(found, 'answers')) return found;
  for (const group of groups) {
    found.push(...(await group()));
    if (!(await caller.call(uuid)).ok) break;
  }
  return found;
}

/** One finding per promise, in order. */
function complete({ kind, secret, redis }: Settings, findings: readonly Finding[]): readonly Finding[] {
  const given = { '--secret': secret !== undefined, '--redis': redis !== undefined };
  const gone = isKept(findings, 'answers') ? 'it went wrong before' : NO_ANSWER;
  return promisesOf(kind).map(({ id, needs }) => {
    const why = needs === undefined || given[needs] ? gone : `needs ${needs}`;
    return findings.find((one) => one.id === id) ?? notChecked(id, why);
  });
}

function isKept(findings: readonly Finding[], id: PromiseId): boolean {
  return findings.some((one) => one.id === id && one.result === 'kept');
}

function head({ url, kind, secret, redis }: Settings): string {
  const signed = secret === undefined ? 'not signed' : 'signed';
  const looked = redis === undefined ? '' : '; its registry is looked at';
  return `${kind} API at ${url}\ncalls are ${signed}${looked}`;
}

/** The entries that the user has to remove by hand. */
function leftoverText(kind: PeerKind, left: readonly string[]): string {
  if (left.length === 0) return '';
  const names = left.map(nameOf);
  if (kind === 'producer') return `\nthe producer may have stored these callers: ${names.join(', ')}\n`;
  const commands = names.map((name) => `  consumer-scheduler peers remove consumer ${name}\n`).join('');
  return `\nthe API may have registered these callers; --redis takes them out again:\n${commands}`;
}
