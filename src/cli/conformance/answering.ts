import type { Reply } from '../../domain/call/http.js';
import { namedUuid } from '../../domain/peer/identity.js';
import { UUID } from '../../domain/peer/uuid.js';
import { EXAMPLE_IPV4, EXAMPLE_IPV6, type Caller } from './caller.js';
import { broken, kept, NO_ANSWER, notChecked, remark, unlessBroken, type Finding } from './finding.js';
import type { PromiseId } from './promises.js';
import { inWords, shown } from './replies.js';

const CONCURRENT_CALLS = 20;
/** Few callers, because an API may limit the number of callers per address. */
const CONCURRENT_CALLERS = 4;
const TWO_HUNDRED = 'a 2xx';

/** Checks the first call. The API is usable if `answers` is kept. */
export async function checkFirst(caller: Caller, uuid: string): Promise<readonly Finding[]> {
  const reply = await caller.call(uuid);
  const seen = inWords(reply);
  if (reply.ok) return [kept('answers', seen), kept('no-redirect', seen), kept('small-answer', seen)];
  const since = (id: PromiseId): Finding => notChecked(id, NO_ANSWER);
  const small = { seen: 'it is longer, or its headers are', expected: 'at most 65536 bytes' };
  switch (reply.reason) {
    case 'redirect':
      return [since('answers'), broken('no-redirect', 'answered 3xx', TWO_HUNDRED), since('small-answer')];
    case 'too-large':
      return [since('answers'), kept('no-redirect', '2xx'), broken('small-answer', small.seen, small.expected)];
    default:
      return [broken('answers', seen, expectedOf(caller, reply.reason)), since('no-redirect'), since('small-answer')];
  }
}

function expectedOf({ options }: Caller, reason: string): string {
  const asksForProof = options.secret === undefined && /^http-40[13]$/.test(reason);
  return asksForProof ? `${TWO_HUNDRED}; where calls have to be signed, name the secret (--secret)` : TWO_HUNDRED;
}

/** Checks the other promises about answers to valid calls. */
export async function checkAnswering(
  caller: Caller,
  uuid: string,
  own: string | undefined,
): Promise<readonly Finding[]> {
  const other = caller.newUuid();
  const again = await caller.call(uuid);
  const [ipv4, ipv6] = [await caller.call(other, { ip: EXAMPLE_IPV4 }), await caller.call(other, { ip: EXAMPLE_IPV6 })];
  const more = await caller.call(uuid, { since: 0, tags: ['new'], nested: { version: 2 } });
  const families = { [EXAMPLE_IPV4]: ipv4, [EXAMPLE_IPV6]: ipv6 };
  return [
    ...(caller.options.kind === 'consumer' ? [ownUuid({ [uuid]: again, [other]: ipv4 }, own)] : []),
    ofReplies('twice', { 'the same call again': again }),
    ofReplies('takes-ip', families),
    ofReplies('unknown-fields', { 'a call with further fields': more }),
    await concurrentCalls(caller),
  ];
}

function ofReplies(id: PromiseId, replies: Readonly<Record<string, Reply>>): Finding {
  const wrong = Object.entries(replies).filter(([, { ok }]) => !ok);
  const words = wrong.map(([name, reply]) => `${name}: ${inWords(reply)}`);
  return unlessBroken(id, words, Object.values(replies).map(inWords).join(', '), TWO_HUNDRED);
}

/** `replies` is keyed by the UUID of the caller. */
function ownUuid(replies: Readonly<Record<string, Reply>>, own: string | undefined): Finding {
  const id = 'own-uuid';
  const named = Object.values(replies).map((reply) => (reply.ok ? namedUuid(reply.body) : undefined));
  const [first, second] = named;
  if (first === undefined || second === undefined) {
    return remark(id, 'an answer that names none', '{"uuid": …}, or callers can’t tell whose the address is');
  }
  if (!UUID.test(first)) return broken(id, shown(first), 'a UUID');
  if (Object.keys(replies).includes(first.toLowerCase())) return broken(id, "the caller's UUID", 'its own');
  if (first !== second) return broken(id, `${shown(first)}, then ${shown(second)}`, 'the same in each answer');
  if (own !== undefined && first.toLowerCase() !== own) return broken(id, first, own);
  return kept(id, own === undefined ? `${first}, the same twice` : first);
}

async function concurrentCalls(caller: Caller): Promise<Finding> {
  const uuids = Array.from({ length: CONCURRENT_CALLERS }, () => caller.newUuid());
  const calls = Array.from({ length: CONCURRENT_CALLS }, (_, i) => caller.call(uuids[i % CONCURRENT_CALLERS] ?? ''));
  const failed = (await Promise.all(calls)).filter(({ ok }) => !ok).map(inWords);
  const [first] = failed;
  if (first === undefined) return kept('at-once', `${CONCURRENT_CALLS} of ${CONCURRENT_CALLS} in time`);
  return broken(
    'at-once',
    `${CONCURRENT_CALLS - failed.length} of ${CONCURRENT_CALLS} in time, else: ${first}`,
    'all of them',
  );
}
