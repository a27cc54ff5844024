import type { FailureReason } from '#src/domain/call/reasons.js';
import type { Behaviour } from '#swarm/behaviour.js';
import { startConsumer } from '#swarm/consumer.js';
import { ENDS, HANGS, type Fault } from '../../clients/faults.js';
import { servePlain } from '../../clients/testServer.js';

/** Where a peer listens, and how it is ended. */
export interface Home {
  readonly port: number;
  /** Calls that have arrived there. */
  readonly calls: () => number;
  readonly close: () => Promise<void>;
}

/** One way to be a peer, and what a call to it has to come to: a reason, or undefined where it has answered. */
export interface Kind {
  readonly what: string;
  readonly reason: FailureReason | undefined;
  readonly start: (uuid: string) => Promise<Home>;
}

/** A deadline that each bad peer which ends by itself is well within, and each of the others well beyond. */
export const TIMEOUT_MS = 1_000;
const HOST = '127.0.0.1';
const STRANGER = '99999999-0000-4000-8000-000000000000';

/** All of them: a behaviour without a line here does not compile. */
const SCRIPTED: Readonly<Record<Extract<Behaviour, string>, FailureReason | undefined>> = {
  well: undefined,
  'not-json': undefined,
  silence: 'timeout',
  stall: 'timeout',
  drip: 'timeout',
  'endless-body': 'too-large',
  // So slow that the deadline comes before there are too many of them.
  'endless-headers': 'timeout',
  'huge-header': 'too-large',
  'huge-body': 'too-large',
  'gzip-bomb': 'too-large',
  malformed: 'malformed',
  'early-close': 'reset',
  reset: 'reset',
  'reset-in-headers': 'reset',
  'reset-in-body': 'reset',
  redirect: 'redirect',
  'continue-flood': 'timeout',
  'wrong-identity': 'identity-mismatch',
};

const FURTHER: readonly (readonly [Behaviour, FailureReason])[] = [
  [{ status: 400 }, 'http-400'],
  [{ status: 500 }, 'http-500'],
  [{ status: 503, retryAfter: '1' }, 'http-503'],
  [{ lateByMs: TIMEOUT_MS * 1.5 }, 'timeout'],
];

function scripted(behaviour: Behaviour, reason: FailureReason | undefined): Kind {
  const what = typeof behaviour === 'string' ? behaviour : JSON.stringify(behaviour);
  return { what, reason, start: (uuid) => consumer(uuid, behaviour) };
}

async function consumer(uuid: string, behaviour: Behaviour): Promise<Home> {
  const endpoint = await startConsumer({ uuid, host: HOST });
  endpoint.behave(behaviour);
  return {
    port: endpoint.port,
    calls: () => endpoint.calls.length,
    close: () => endpoint.goDark(),
  };
}

function raw(fault: Fault, what: string, reason: FailureReason | undefined): Kind {
  return {
    what: `on the wire: ${what}`,
    reason,
    start: async () => {
      const { url, requests, close } = await servePlain(fault);
      return { port: Number(new URL(url).port), calls: () => requests.length, close };
    },
  };
}

/** Every kind of peer that the project knows how to play. */
export const KINDS: readonly Kind[] = [
  ...Object.entries(SCRIPTED).map(([behaviour, reason]) => scripted(behaviour as Behaviour, reason)),
  ...FURTHER.map(([behaviour, reason]) => scripted(behaviour, reason)),
  ...ENDS.map(([fault, what, reply]) => raw(fault, what, reply.ok ? undefined : reply.reason)),
  ...HANGS.map(([fault, what]) => raw(fault, what, 'timeout')),
  {
    what: 'nobody listens',
    reason: 'refused',
    // A privileged port that nothing uses: one that was free a moment ago might be somebody's by now.
    start: () => Promise.resolve({ port: 1, calls: () => 0, close: () => Promise.resolve() }),
  },
  {
    what: 'somebody else has the address now',
    reason: 'identity-mismatch',
    start: () => consumer(STRANGER, 'well'),
  },
];
