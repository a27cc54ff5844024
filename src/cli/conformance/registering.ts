import { canonical } from '../../domain/ip/address.js';
import { EXAMPLE_IPV4, type Caller } from './caller.js';
import { broken, kept, notChecked, remark, type Finding } from './finding.js';
import { HOSTILE_UUIDS, MISSING_UUID_KEYS } from './refusing.js';
import { inWords, shown } from './replies.js';
import type { Entry, Stored } from './stored.js';

/** Enough calls to observe an answer that comes before its entry once, and two different source ports. */
const ATTEMPTS = 5;
/** More than the usual difference of two clocks. */
const CLOCK_MS = 60_000;
const FORGED_IP = '203.0.113.99';
/** Results of the scheduler for a peer. An API that rewrites the whole entry loses them. */
const SCHEDULER_FIELDS: Entry = {
  available: '1',
  state: 'suspect',
  state_since: '1767225600000',
  checked_at: '1767225660000',
  last_ok_at: '1767225600000',
  latency_ms: '12',
  failures: '1',
  error: 'timeout',
  recent: '..x',
};

/** Checks the registry after calls. `from` is the source address of the calls. */
export async function checkRegistry(caller: Caller, stored: Stored, from: string): Promise<readonly Finding[]> {
  const [registers, ...more] = await checkCaller(caller, stored, from);
  if (more.length === 0) return [registers, await checkNothing(caller, stored)];
  return [
    registers,
    ...more,
    await checkOverride(caller, stored),
    await checkFields(caller, stored),
    await checkForwarded(caller, stored, from),
    await checkSpelling(caller, stored),
    await checkNothing(caller, stored),
  ];
}

/** Checks whether and how the caller is registered. */
async function checkCaller(caller: Caller, stored: Stored, from: string): Promise<readonly [Finding, ...Finding[]]> {
  const uuid = caller.newUuid();
  const entries: Entry[] = [];
  let late = 0;
  for (let i = 0; i < ATTEMPTS; i += 1) {
    await caller.call(uuid);
    const first = await stored.entry(uuid);
    const entry = first ?? (await stored.waitFor(uuid));
    if (entry === undefined) {
      return [broken('registers', 'no member of the set with a hash of its own', `an entry with ip ${shown(from)}`)];
    }
    entries.push(entry);
    if (first === undefined) late += 1;
    await stored.remove([uuid], from);
  }
  const { ip, last_seen: lastSeen } = entries[0] ?? {};
  return [
    ip !== undefined && canonical(ip) === from
      ? kept('registers', `ip ${shown(ip)}`)
      : broken('registers', `ip ${shown(ip)}`, `ip ${shown(from)}`),
    late === 0
      ? kept('stores-first', `stored at the answer, ${ATTEMPTS} times of ${ATTEMPTS}`)
      : broken('stores-first', `not stored yet at the answer, ${late} times of ${ATTEMPTS}`, 'a 2xx once it is stored'),
    ip?.toLowerCase().startsWith('::ffff:') === true
      ? broken('plain-address', shown(ip), shown(canonical(ip)))
      : kept('plain-address', shown(ip)),
    ofPorts(entries.map(({ port }) => port)),
    ofLastSeen(lastSeen),
  ];
}

function ofPorts(ports: readonly (string | undefined)[]): Finding {
  const different = [...new Set(ports)];
  const seen = different.map(shown).join(', ');
  if (different.length === 1) return kept('no-source-port', `port ${seen}`);
  return broken(
    'no-source-port',
    `port ${seen}, by calls of one peer`,
    'none, or the one that your network has agreed on',
  );
}

function ofLastSeen(text: string | undefined): Finding {
  const id = 'last-seen';
  const expected = 'Unix milliseconds, such as 1767225600000';
  if (text === undefined) return remark(id, 'nothing', `${expected}, or nobody can tell whether peers call you`);
  const apartMs = Math.abs(Date.now() - Number(text));
  if (/^\d+$/.test(text) && apartMs < CLOCK_MS) return kept(id, text);
  const seconds = Math.abs(Date.now() - Number(text) * 1_000) < CLOCK_MS;
  return broken(id, `${shown(text)}${seconds ? ', which is seconds' : ''}`, expected);
}

async function checkOverride(caller: Caller, stored: Stored): Promise<Finding> {
  const uuid = caller.newUuid();
  await caller.call(uuid, { ip: EXAMPLE_IPV4 });
  const ip = (await stored.waitFor(uuid))?.ip;
  if (ip === EXAMPLE_IPV4) return kept('honours-ip', `ip ${EXAMPLE_IPV4}`);
  return broken('honours-ip', `ip ${shown(ip)}`, `ip ${EXAMPLE_IPV4}`);
}

/** Repeated if a field differs, because a running scheduler may have written its own results in the meantime. */
async function checkFields(caller: Caller, stored: Stored): Promise<Finding> {
  const id = 'scheduler-fields';
  let found = notChecked(id, '');
  for (let i = 0; i < ATTEMPTS; i += 1) {
    const uuid = caller.newUuid();
    await stored.put(uuid, { ...SCHEDULER_FIELDS, ip: FORGED_IP });
    const reply = await caller.call(uuid, { ip: EXAMPLE_IPV4 });
    if (!reply.ok) return broken(id, `a registered peer: ${inWords(reply)}`, 'a 2xx');
    const entry = (await stored.waitFor(uuid, ({ ip }) => ip === EXAMPLE_IPV4)) ?? {};
    const [changed] = Object.keys(SCHEDULER_FIELDS).filter((name) => entry[name] !== SCHEDULER_FIELDS[name]);
    if (changed === undefined) return kept(id, 'all as they were');
    found = broken(id, `${changed}: ${shown(entry[changed])}`, `${changed}: ${shown(SCHEDULER_FIELDS[changed])}`);
  }
  return found;
}

async function checkForwarded(caller: Caller, stored: Stored, from: string): Promise<Finding> {
  const uuid = caller.newUuid();
  const headers = { 'x-forwarded-for': FORGED_IP, 'x-real-ip': FORGED_IP, forwarded: `for=${FORGED_IP}` };
  const reply = await caller.call(uuid, {}, { headers });
  const ip = (await stored.waitFor(uuid))?.ip;
  if (ip === FORGED_IP) return broken('forwarded-for', `ip ${FORGED_IP}, as the header says`, `ip ${shown(from)}`);
  if (ip === undefined) return notChecked('forwarded-for', `nothing was stored: ${inWords(reply)}`);
  return kept('forwarded-for', `ip ${shown(ip)}`);
}

async function checkSpelling(caller: Caller, stored: Stored): Promise<Finding> {
  const uuid = caller.newUuid();
  const capitals = uuid.toUpperCase();
  await caller.call(uuid);
  await stored.waitFor(uuid);
  await caller.call(capitals);
  const entries = await stored.present([uuid, capitals]);
  if (entries.length < 2) return kept('one-spelling', 'one entry');
  return remark('one-spelling', 'two entries of one UUID', 'one entry');
}

/** Must run last: it searches for traces of all earlier refused calls. */
async function checkNothing(caller: Caller, stored: Stored): Promise<Finding> {
  const refused = [...new Set([...caller.used, ...Object.values(HOSTILE_UUIDS), ...MISSING_UUID_KEYS])].filter(
    (uuid) => !caller.accepted.has(uuid),
  );
  const [first] = await stored.present(refused);
  if (first === undefined) return kept('stores-nothing', `none of ${refused.length} refused callers`);
  return broken('stores-nothing', `an entry of ${shown(first)}`, 'none of a call that was refused');
}
