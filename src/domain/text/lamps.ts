import { span } from './ago.js';
import { grouped, many } from './figures.js';

export type Glow = 'ok' | 'notice' | 'bad';

/** One of three lamps that show where a problem is (this node, the line, or the peers), with its evidence. */
export interface Lamp {
  readonly name: 'Me' | 'Line' | 'Them';
  readonly glow: Glow;
  readonly word: string;
  readonly evidence: string;
}

/** The input of the lamps. Times are Unix milliseconds. */
export interface LampInput {
  readonly as_of: number;
  readonly stopping: boolean;
  readonly isolated: boolean;
  readonly redis: { readonly up: boolean; readonly latency_ms: number | null; readonly failing: readonly unknown[] };
  readonly round: { readonly took_ms: number | null; readonly number: number | null };
  readonly replicas: { readonly role: string; readonly holder: unknown };
  readonly config: { readonly rejected: unknown };
  readonly line: readonly {
    readonly scope: string;
    readonly isolated_since: number | null;
    readonly last_answer_at: number | null;
  }[];
  readonly problems: readonly { readonly code: string }[];
  readonly peers: { readonly consumers: { readonly suspect: number; readonly unavailable: number } };
  readonly failing: readonly { readonly reason: string; readonly count: number }[];
  readonly reachability: { readonly they_answer_us: { readonly count: number; readonly of: number } };
}

const ONE_WAY_PROBLEMS = ['not-called', 'cannot-call-out', 'family-missing'];
const HOST_PROBLEMS = ['host-short', 'rounds-skipped', 'no-round'];

/** The three lamps, ordered by how much the operator can do. */
export function lamps(status: LampInput): readonly Lamp[] {
  return [me(status), line(status), them(status)];
}

function me({ redis, replicas, config, round, stopping, problems }: LampInput): Lamp {
  const lamp = (glow: Glow, word: string, evidence: string): Lamp => ({ name: 'Me', glow, word, evidence });
  const standsBy = replicas.role === 'standby';
  if (!redis.up) {
    const meanwhile = standsBy ? 'nothing is checked here until it is there' : 'checks go on from memory';
    return lamp('bad', 'no Redis', `Redis cannot be used; ${meanwhile}`);
  }
  if (redis.failing.length > 0) return lamp('bad', 'Redis refuses', 'a part of what we write is refused');
  if (has(problems, HOST_PROBLEMS)) return lamp('bad', 'short', 'this host cannot keep up; see above');
  if (stopping) return lamp('notice', 'stopping', 'no new work is begun');
  if (standsBy) {
    const who = replicas.holder === null ? 'no scheduler works yet' : 'another scheduler works';
    return lamp('notice', 'standby', `${who}, this one waits`);
  }
  if (config.rejected !== null) return lamp('notice', 'old config', 'the newest configuration was rejected');
  const latency = redis.latency_ms === null ? '' : `, ${redis.latency_ms.toFixed(1)} ms`;
  const rounds = round.number === null ? 'no round yet' : `round ${grouped(round.number)}`;
  return lamp('ok', 'ok', `Redis answers${latency}; ${rounds}`);
}

function line({ line: scopes, isolated, problems, as_of: now }: LampInput): Lamp {
  const lamp = (glow: Glow, word: string, evidence: string): Lamp => ({ name: 'Line', glow, word, evidence });
  const silent = scopes.filter(({ isolated_since: since }) => since !== null);
  if (isolated || silent.length > 0) {
    const names = silent.map(({ scope, isolated_since: since }) => `${scope} for ${span(now - (since ?? now))}`);
    return lamp(isolated ? 'bad' : 'notice', 'isolated', `no witness answers: ${names.join(', ')}`);
  }
  if (has(problems, ONE_WAY_PROBLEMS)) return lamp('bad', 'one way', 'one direction works, the other does not');
  const answered = scopes.flatMap(({ last_answer_at: at }) => (at === null ? [] : [at]));
  if (answered.length === 0) return lamp('notice', 'unknown', 'nobody has answered yet');
  return lamp('ok', 'ok', `a peer answered ${span(Math.max(0, now - Math.max(...answered)))} ago`);
}

function them({ peers: { consumers }, failing, reachability, problems }: LampInput): Lamp {
  const lamp = (glow: Glow, word: string, evidence: string): Lamp => ({ name: 'Them', glow, word, evidence });
  const { count, of } = reachability.they_answer_us;
  if (of === 0) return lamp('notice', 'nobody yet', 'no consumer has been judged');
  const { suspect, unavailable } = consumers;
  if (suspect + unavailable === 0) return lamp('ok', 'all here', `all ${grouped(of)} answer`);
  const why = failing.slice(0, 3).map(({ reason, count }) => `${grouped(count)} ${reason}`);
  const suspects = suspect === 0 ? '' : `, ${many(suspect, 'suspect')}`;
  const glow = count === 0 || has(problems, ['many-failing']) ? 'notice' : 'ok';
  return lamp(
    glow,
    `${grouped(unavailable)} away`,
    `of ${grouped(of)}${suspects}${why.length > 0 ? `: ${why.join(', ')}` : ''}`,
  );
}

function has(problems: LampInput['problems'], codes: readonly string[]): boolean {
  return problems.some(({ code }) => codes.includes(code));
}
