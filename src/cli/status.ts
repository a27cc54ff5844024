import { setTimeout as delay } from 'node:timers/promises';
import type { LoadOptions } from '../config/load.js';
import { escaped, nameOf } from '../domain/text/printable.js';
import { readReplicas, type Replicas } from '../replicas/readReplicas.js';
import { CommandError } from './commandError.js';
import { FAILURE, SUCCESS } from './exitCode.js';
import { print } from './print.js';
import { replicaTable } from './replicaTable.js';
import { asCommandError, withRegistry, type Registry } from './registry.js';
import { sentence, stoppedSince, type Counts, type State } from './statusSentence.js';
import { statusTables } from './statusTables.js';
import { marked, markedLines, outputStyle } from './style.js';

export interface StatusOptions {
  readonly json: boolean;
  /** Repeats the output until `stop`. */
  readonly watch: boolean;
}

const POLL_MS = 2_000;
/** Terminal sequences: cursor to the top left, clear to the end of the line, clear to the end of the screen. */
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CLEAR = '\u001b[2J';

interface Picture {
  readonly state: State;
  readonly counts: Counts;
  readonly replicas: Replicas;
}

/**
 * Prints the last state of the scheduler in Redis, and whether it runs. Resolves to the exit code, a failure if no
 * scheduler runs. Rejects with a `CommandError` if none has ever run.
 */
export async function showStatus(options: LoadOptions, status: StatusOptions, stop: AbortSignal): Promise<number> {
  return withRegistry(options, async (registry) => {
    if (status.watch) return watch(registry, status.json, stop);
    const picture = await read(registry);
    if (picture.state.uuid === undefined) throw new CommandError('no scheduler has run on this registry yet');
    await print(status.json ? asJson(picture) : inWords(picture));
    const stopped = stoppedSince(picture.state, Date.now());
    if (stopped === undefined) return SUCCESS;
    // The text form already reports this in its first sentence.
    if (status.json) throw new CommandError(stopped);
    return FAILURE;
  });
}

/** On a terminal each output replaces the previous one; otherwise they follow each other. */
async function watch(registry: Registry, json: boolean, stop: AbortSignal): Promise<number> {
  const { terminal } = outputStyle();
  const inPlace = terminal && !json;
  if (inPlace) await print(CLEAR);
  while (!stop.aborted) {
    const shown = await read(registry).then(
      (picture) => (json ? asJson(picture) : inWords(picture)),
      (error: unknown) => outageText(error, json),
    );
    const block = inPlace
      ? `${HOME}${shown.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`
      : json
        ? shown
        : `${shown}\n`;
    if (!(await print(block))) break;
    await delay(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  return SUCCESS;
}

async function read({ redis, keys }: Registry): Promise<Picture> {
  const [state, consumers, producers, pending, replicas] = await Promise.all([
    redis.hgetall(keys.scheduler),
    redis.scard(keys.consumers),
    redis.scard(keys.producers),
    redis.zcard(keys.announcements),
    readReplicas(redis, keys),
  ]);
  return { state, counts: { consumers, producers, announcements_pending: pending }, replicas };
}

function asJson({ state, counts, replicas }: Picture): string {
  const running = state.uuid !== undefined && stoppedSince(state, Date.now()) === undefined;
  const divided = replicas.members.length === 0 ? {} : { replicas: replicas.members, shares: replicas.of };
  return `${escaped(JSON.stringify({ running, ...state, ...counts, ...divided }))}\n`;
}

function inWords({ state, counts, replicas }: Picture): string {
  const style = outputStyle();
  const now = Date.now();
  const { tint, text } = sentence(state, counts, now);
  const tables = [statusTables(state, counts, style, now), replicaTable(replicas, style, now)];
  return `${markedLines(style, tint, text)}\n\n${tables.filter((one) => one !== '').join('\n\n')}\n`;
}

/** The output during an outage of Redis. */
function outageText(error: unknown, json: boolean): string {
  const known = asCommandError(error);
  if (!(known instanceof CommandError)) throw error;
  if (json) return `${JSON.stringify({ running: null, error: known.message })}\n`;
  return `${marked(outputStyle(), 'bad', nameOf(known.message).replace(/^"|"$/g, ''))}\n`;
}
