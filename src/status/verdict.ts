import { clockTime, span } from '../domain/text/ago.js';
import type { Counted, Picture } from './picture.js';
import { problemsOf, type Problem } from './problems.js';
import {
  answering,
  consumers,
  failingAtLarge,
  mostAreRefused,
  oneWay,
  resultsWait,
  shareDoing,
  thousands,
} from './shares.js';

/** The overall level: all is well, no action needed (a start, or a problem of the network), action needed. */
export type Level = 'ok' | 'notice' | 'bad';

export interface Verdict {
  readonly level: Level;
  /** Stable name of the case. */
  readonly case: string;
  /** One sentence. */
  readonly summary: string;
  readonly problems: readonly Problem[];
}

type Case = (picture: Picture) => Omit<Verdict, 'problems'> | undefined;

/** A silence of this length means that the scheduler has ended without a shutdown. */
export const SILENCE_MS = 30_000;
/** The state of the node in one sentence, from the first case that applies, and its problems with remedies. */
export function verdictOf(picture: Picture): Verdict {
  return { ...summaryOf(picture), problems: problemsOf(picture) };
}

/** The same without the problems. */
export function summaryOf(picture: Picture): Omit<Verdict, 'problems'> {
  return CASES.map((one) => one(picture)).find((one) => one !== undefined) ?? well(picture);
}

const CASES: readonly Case[] = [
  stopped,
  redisAway,
  standby,
  isolated,
  starting,
  unjudged,
  empty,
  noneCallable,
  cannotCallOut,
  notCalled,
  noneAnswering,
  manyFailing,
  ipUnknown,
  announcing,
];

function stopped({ stopped: ended, heartbeatAt, now, host, pid }: Picture): ReturnType<Case> {
  if (ended) return bad('stopped', 'The scheduler is stopped.');
  if (heartbeatAt === undefined || now - heartbeatAt < SILENCE_MS) return undefined;
  const from = `from host ${host}${pid === undefined ? '' : `, pid ${String(pid)}`}`;
  return bad('silent', `The scheduler has been silent for ${span(now - heartbeatAt)}: its last word came ${from}.`);
}

function redisAway({ redis: { up, since, unwritten }, role, now }: Picture): ReturnType<Case> {
  if (up) return undefined;
  const working =
    unwritten === 0 ? 'checks go on from memory' : `checks go on, ${resultsWait(unwritten)} to be written`;
  const meanwhile = role === 'standby' ? 'this scheduler checks nothing until it is there' : working;
  return bad('redis-down', `Redis can't be used${sinceText(since, now)}: ${meanwhile}.`);
}

function standby({ role, otherWorks }: Picture): ReturnType<Case> {
  if (role !== 'standby') return undefined;
  const who = otherWorks ? 'another scheduler works on this registry' : 'no scheduler works on this registry yet';
  return notice('standby', `Standing by: ${who}.`);
}

function isolated({ isolated: scopes, ip, now }: Picture): ReturnType<Case> {
  if (scopes.length === 0) return undefined;
  const since = scopes.reduce((min, one) => Math.min(min, one.since ?? Infinity), Infinity);
  const when = sinceText(since === Infinity ? undefined : since, now);
  const [first] = scopes;
  const only = scopes.length === 1 && first?.scope !== undefined ? ` over ${first.scope}` : '';
  const source = ip.unknown === undefined ? '' : ", and the public IP can't be found";
  return bad('isolated', `We seem to be offline${when}: nobody answers${only}${source}. No peer is blamed for it.`);
}

function starting({ round, peers, startedAt, now }: Picture): ReturnType<Case> {
  if (round.everFinished) return undefined;
  const known = peers.available + peers.suspect + peers.unavailable + peers.pending;
  const since = startedAt === undefined ? '' : ` (for ${span(now - startedAt)})`;
  return notice('starting', `Starting${since}: the first round is under way over ${consumers(known)}.`);
}

/** Before the first verdict nothing is known of the network, whatever the round of the regular lane found. */
function unjudged({ peers: { available, suspect, unavailable, pending } }: Picture): ReturnType<Case> {
  if (pending === 0 || available + suspect + unavailable > 0) return undefined;
  const have = pending === 1 ? 'has no verdict yet: its first check is' : 'have no verdict yet: their first checks are';
  return notice('unjudged', `${consumers(pending)} ${have} due or under way.`);
}

function empty({ peers, shares }: Picture): ReturnType<Case> {
  const total = Object.values(peers).reduce((sum, n) => sum + n, 0);
  if (total === 0 && shares !== undefined && shares.held < shares.of) {
    const held = `${String(shares.held)} of ${String(shares.of)}`;
    return notice('empty', `This replica has ${held} shares, and no consumer is in them.`);
  }
  return total === 0
    ? notice('empty', 'The registry has no consumers yet: the API adds each one that calls it.')
    : undefined;
}

function noneCallable({ peers }: Picture): ReturnType<Case> {
  const never = peers.denied + peers.invalid;
  if (never === 0 || peers.available + peers.suspect + peers.unavailable + peers.pending > 0) return undefined;
  const why = peers.denied === 0 ? 'their entries are malformed' : 'network.allow forbids it, or they are malformed';
  return bad('none-callable', `None of the ${consumers(never)} can be called: ${why}.`);
}

function cannotCallOut(picture: Picture): ReturnType<Case> {
  if (oneWay(picture) !== 'cannot-call-out') return undefined;
  const answer = shareDoing('answer', answering(picture));
  const cause = mostAreRefused(picture)
    ? 'They refuse the connection: their APIs are stopped, or a firewall rejects it.'
    : 'An outgoing firewall is likely.';
  return bad('cannot-call-out', `We are called, but cannot call out: ${answer} us. ${cause}`);
}

function notCalled(picture: Picture): ReturnType<Case> {
  const { callers, ip, now } = picture;
  if (callers === undefined || oneWay(picture) !== 'not-called') return undefined;
  const lately =
    callers.count === 0
      ? `nobody has called us for ${span(now - callers.lastAt)}`
      : `only ${shareDoing('call', callers)} us`;
  const place = ip.value === undefined ? '' : ` of ${ip.value}`;
  return bad(
    'not-called',
    `${shareDoing('answer', answering(picture))} us, but ${lately}: the port${place} is likely closed or not forwarded.`,
  );
}

/** With few consumers this is no sign of a fault at large, but the node is not well connected either. */
function noneAnswering(picture: Picture): ReturnType<Case> {
  const { count, of } = answering(picture);
  if (of === 0 || count > 0) return undefined;
  const [most] = picture.failing;
  const why = most === undefined ? '' : ` (${of === 1 ? '' : 'mostly '}${most.reason})`;
  const none = of === 1 ? 'The only consumer does not answer' : `None of the ${consumers(of)} answers`;
  return notice('none-answering', `${none}${why}.`);
}

function manyFailing(picture: Picture): ReturnType<Case> {
  const large = failingAtLarge(picture);
  if (large === undefined) return undefined;
  const { count: failing, of } = large;
  const [most] = picture.failing;
  const why = most === undefined ? '' : `, mostly ${most.reason}`;
  return notice(
    'many-failing',
    `${String(Math.round((100 * failing) / of))}% of the consumers fail at once (${thousands(failing)} of ${thousands(of)}${why}): the network, or a part of it. We are online.`,
  );
}

function ipUnknown({ ip, now }: Picture): ReturnType<Case> {
  if (ip.value !== undefined || ip.unknown === undefined) return undefined;
  return bad('ip-unknown', `Our public IP can't be found${sinceText(ip.unknown.since, now)}: ${ip.unknown.text}.`);
}

function announcing({ ip, producersKnow, oldestOwingMs, now }: Picture): ReturnType<Case> {
  if (ip.value === undefined || producersKnow === undefined || oldestOwingMs === undefined) return undefined;
  const when = ip.since === undefined ? '' : `, ours for ${span(now - ip.since)},`;
  const known = `${thousands(producersKnow.count)} of ${thousands(producersKnow.of)} producers know`;
  return notice('announcing', `Well connected, and ${ip.value}${when} is being announced: ${known} it.`);
}

function well(picture: Picture): Omit<Verdict, 'problems'> {
  const { ip, producersKnow } = picture;
  const known = ip.value === undefined ? 'our public IP is not known yet' : whoKnows(ip.value, producersKnow);
  return {
    level: 'ok',
    case: 'well',
    summary: `Well connected: ${shareDoing('answer', answering(picture))}, ${known}.`,
  };
}

function whoKnows(ip: string, know: Counted | undefined): string {
  if (know === undefined || know.of === 0) return `our address is ${ip}`;
  if (know.count === know.of) return `every producer knows ${ip}`;
  return `${thousands(know.count)} of ${thousands(know.of)} producers know ${ip}`;
}

function sinceText(at: number | undefined, now: number): string {
  return at === undefined ? '' : ` since ${clockTime(at, now)}`;
}

function bad(name: string, summary: string): Omit<Verdict, 'problems'> {
  return { level: 'bad', case: name, summary };
}

function notice(name: string, summary: string): Omit<Verdict, 'problems'> {
  return { level: 'notice', case: name, summary };
}
