import type { Caller } from './caller.js';
import { broken, kept, remark, unlessBroken, type Finding } from './finding.js';
import { inWords, notRefused, type Refusable } from './replies.js';

const FOUR_HUNDRED = 'a 4xx, such as 401';
const TWO_HUNDRED = 'a 2xx';
const TEN_MINUTES_MS = 600_000;
const ZEROS = '0'.repeat(64);

/** Checks whether the API requires and verifies a proof of origin. All other calls of the kit are signed too. */
export async function checkProof(caller: Caller, uuid: string): Promise<readonly Finding[]> {
  const body = caller.body(uuid);
  const now = Date.now();
  const right = caller.signature(body) ?? '';
  const digests = right.replaceAll(/,(v\d)=/g, `,$1=${ZEROS},$1=`);
  const signed = await caller.call(uuid);
  const several = await caller.call(uuid, {}, { signature: digests });
  const of = (signature: string | null) => ({ body, overrides: { uuid, signature } });
  const refusals: Readonly<Record<'unsigned' | 'wrong-signature' | 'stale', Refusable>> = {
    unsigned: { 'no signature': of(null), 'an empty one': of(''), 'a time alone': of(right.replace(/,.*/, '')) },
    'wrong-signature': {
      'another secret': of(caller.signature(body, { secret: 'not the secret' })),
      'another body': of(caller.signature(caller.body(caller.newUuid()))),
      'cut short': of(right.slice(0, -2)),
    },
    stale: {
      'ten minutes old': of(caller.signature(body, { at: now - TEN_MINUTES_MS })),
      'ten minutes ahead': of(caller.signature(body, { at: now + TEN_MINUTES_MS })),
    },
  };
  const found = [
    signed.ok ? kept('signed', inWords(signed)) : broken('signed', inWords(signed), TWO_HUNDRED),
    several.ok ? kept('several-digests', inWords(several)) : broken('several-digests', inWords(several), TWO_HUNDRED),
  ];
  for (const id of ['unsigned', 'wrong-signature', 'stale'] as const) {
    const wrong = await notRefused(caller, refusals[id]);
    found.push(unlessBroken(id, wrong, `${Object.keys(refusals[id]).length} of them refused`, FOUR_HUNDRED));
  }
  return caller.options.kind === 'producer' ? [...found, await signedTerm(caller)] : found;
}

/** A forged term on the call of another caller would win over every genuine one. */
async function signedTerm(caller: Caller): Promise<Finding> {
  const uuid = caller.newUuid();
  const body = caller.body(uuid);
  const signature = caller.signature(body);
  const wrong = await notRefused(caller, {
    'another term': { body, overrides: { uuid, signature, term: caller.term + 1 } },
  });
  const [seen] = wrong;
  return seen === undefined ? kept('signed-term', 'refused') : remark('signed-term', seen, FOUR_HUNDRED);
}

/** A producer that keeps the highest term refuses late calls of a process that has lost its lease. */
export async function checkTerms(caller: Caller): Promise<readonly Finding[]> {
  const uuid = caller.newUuid();
  await caller.call(uuid);
  const reply = await caller.call(uuid, {}, { term: caller.term - 1 });
  const seen = inWords(reply);
  return [!reply.ok && reply.reason === 'http-409' ? kept('lower-term', seen) : remark('lower-term', seen, 'a 409')];
}
