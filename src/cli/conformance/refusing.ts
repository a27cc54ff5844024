import type { Caller } from './caller.js';
import { broken, kept, unlessBroken, type Finding } from './finding.js';
import type { PromiseId } from './promises.js';
import { inWords, notRefused, type Refusable } from './replies.js';

const FOUR_HUNDRED = 'a 4xx';
const MEGABYTE = 1_000_000;
/** A server that crashes because of a call may still answer the next one. */
const CALLS_AFTER = 3;

/** Invalid UUIDs that would do harm as part of a key or of a log line. */
export const HOSTILE_UUIDS: Readonly<Record<string, string>> = {
  'a path': '../../consumers',
  'line breaks': 'aaaaaaaa-0000-4000-8000-000000000000\r\nDEL consumers\r\n',
  'a pattern': '*',
  nothing: '',
  'another key': 'aaaaaaaa-0000-4000-8000-000000000000:x',
  '10 kB': 'a'.repeat(10_240),
};

/** The keys that an API without validation would use if a body has no UUID. */
export const MISSING_UUID_KEYS: readonly string[] = ['undefined', 'null', '7', '[object Object]', 'None'];

/** Checks the answers to invalid bodies, and whether the API still works after them. */
export async function checkRefusing(caller: Caller, uuid: string): Promise<readonly Finding[]> {
  const refusals: readonly (readonly [PromiseId, Refusable])[] = [
    [
      'bad-json',
      { 'no body': { body: '' }, 'no JSON': { body: '{"uuid": ' }, 'a list': { body: '[]' }, null: { body: 'null' } },
    ],
    [
      'bad-uuid',
      { 'no uuid': { body: '{}' }, 'a number': { body: '{"uuid": 7}' }, 'an object': { body: '{"uuid": {}}' } },
    ],
    ['hostile-uuid', hostile(caller)],
    ['bad-ip', badAddresses(caller)],
  ];
  const found: Finding[] = [];
  for (const [id, bodies] of refusals) {
    const wrong = await notRefused(caller, bodies);
    found.push(unlessBroken(id, wrong, `${Object.keys(bodies).length} of them refused`, FOUR_HUNDRED));
    // If the API has crashed, all further checks would fail too.
    if (wrong.length > 0 && !(await caller.call(uuid)).ok) return found;
  }
  const heavyBodies: readonly (readonly [PromiseId, () => Promise<unknown>])[] = [
    ['cut-body', () => caller.cutOff(caller.body(uuid))],
    ['large-body', () => caller.call(uuid, { more: '.'.repeat(MEGABYTE) })],
  ];
  for (const [id, sendBody] of heavyBodies) {
    await sendBody();
    const finding = await stillAnswers(caller, id, uuid);
    found.push(finding);
    if (finding.result === 'broken') return found;
  }
  return [...found, await postAlone(caller)];
}

function hostile(caller: Caller): Refusable {
  return Object.fromEntries(
    Object.entries(HOSTILE_UUIDS).map(([name, uuid]) => [name, { body: caller.body(uuid), overrides: { uuid } }]),
  );
}

function badAddresses(caller: Caller): Refusable {
  const { kind } = caller.options;
  const addresses = {
    'a name': 'host.example',
    'a short form': '127.1',
    'an octal form': '010.0.0.1',
    'with a port': '203.0.113.77:80',
    'a zone': 'fe80::1%eth0',
    'a number': 7,
    'a pattern': '*',
    ...(kind === 'producer' ? { 'no ip': undefined } : {}),
  };
  return Object.fromEntries(
    Object.entries(addresses).map(([name, ip]) => {
      const uuid = caller.newUuid();
      return [name, { body: caller.body(uuid, { ip }), overrides: { uuid } }];
    }),
  );
}

async function stillAnswers(caller: Caller, id: PromiseId, uuid: string): Promise<Finding> {
  for (let i = 0; i < CALLS_AFTER; i += 1) {
    const reply = await caller.call(uuid);
    if (!reply.ok) return broken(id, `the next call: ${inWords(reply)}`, 'a 2xx to the next call');
  }
  return kept(id, `the next ${CALLS_AFTER} calls: answered 2xx`);
}

async function postAlone(caller: Caller): Promise<Finding> {
  const status = await caller.get();
  const seen = typeof status === 'number' ? `answered ${status}` : `no answer (${status})`;
  const taken = typeof status === 'number' && status >= 200 && status < 300;
  return taken ? broken('post-alone', seen, 'a 4xx, such as 405') : kept('post-alone', seen);
}
