import fc, { type Arbitrary } from 'fast-check';
import { UNCHECKED } from '#src/domain/peer/health.js';
import type { Family } from '#src/domain/ip/scope.js';
import { ANSWERS, VirtualNode, type Behaviour } from '../virtualNode.js';

/** A stretch of time, in milliseconds since the start. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

export interface WorldPeer {
  readonly uuid: string;
  readonly family: Family;
  /** `steady` always answers, `dies` falls silent for good, `closes` refuses for good, `flaps` and `fails` do as they say. */
  readonly kind: 'steady' | 'dies' | 'closes' | 'flaps' | 'fails';
  /** When it is registered, when it dies or closes where it does, and when it leaves the registry, if ever. */
  readonly joinsAt: number;
  readonly diesAt: number;
  readonly leavesAt: number;
  /** Whether an earlier run has found it available. */
  readonly known: boolean;
}

/** What happens around a node: its peers, outages of its own line by family, and what Redis refuses when. */
export interface World {
  readonly peers: readonly WorldPeer[];
  readonly outages: Readonly<Record<Family, readonly Stretch[]>>;
  readonly unreadable: readonly Stretch[];
  readonly unwritable: readonly Stretch[];
  readonly workers: number;
}

const REFUSES: Behaviour = { afterMs: 5, reply: { ok: false, reason: 'refused' } };
export const MINUTE = 60_000;
/** Until here anything may happen; after it the line is up, Redis works, and nobody comes, goes or changes. */
export const CALM_FROM = 10 * MINUTE;
/** Long enough for a peer that died last to be found so. */
export const END = 16 * MINUTE;

const stretch$ = fc
  .tuple(fc.nat(CALM_FROM - 3 * MINUTE), fc.integer({ min: 1_000, max: 3 * MINUTE }))
  .map(([from, long]) => ({ from, until: from + long }));

/** With `fall` at 3, two outages can't make a peer unavailable that answers otherwise: each is worth one failure at most. */
const outages$ = fc.array(stretch$, { maxLength: 2 });
const refusals$ = fc.array(stretch$, { maxLength: 3 });

const peer$ = (uuid: string): Arbitrary<WorldPeer> =>
  fc
    .record({
      uuid: fc.constant(uuid),
      family: fc.constantFrom<Family>('IPv4', 'IPv6'),
      kind: fc.constantFrom('steady', 'steady', 'dies', 'closes', 'flaps', 'fails'),
      joinsAt: fc.oneof(fc.constant(0), fc.nat(CALM_FROM)),
      diesAt: fc.nat(CALM_FROM),
      staysFor: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(CALM_FROM) }),
      known: fc.boolean(),
    })
    .map(({ staysFor, ...peer }) => ({ ...peer, leavesAt: peer.joinsAt + staysFor }));

/** Every family has two peers that always answer, so that its line can be told from its peers. */
const anchors: readonly WorldPeer[] = (['IPv4', 'IPv6'] as const).flatMap((family) =>
  [1, 2].map((n) => ({
    uuid: `anchor-${family}-${n}`,
    family,
    kind: 'steady' as const,
    joinsAt: 0,
    diesAt: 0,
    leavesAt: Infinity,
    known: true,
  })),
);

export const world$: Arbitrary<World> = fc.record({
  peers: fc
    .integer({ min: 1, max: 12 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => peer$(`peer-${i}`))))
    .map((peers) => [...anchors, ...peers]),
  outages: fc.record({ IPv4: outages$, IPv6: outages$ }),
  unreadable: refusals$,
  unwritable: refusals$,
  workers: fc.integer({ min: 1, max: 4 }),
});

export function isWithin(stretches: readonly Stretch[], now: number): boolean {
  return stretches.some(({ from, until }) => from <= now && now < until);
}

/** A node in this world, not yet started. */
export async function inhabit(world: World): Promise<VirtualNode> {
  const { workers } = world;
  const node = await VirtualNode.create({
    config: { sync: { concurrency: workers, pending: { concurrency: workers }, unavailable: { concurrency: 1 } } },
  });
  node.redis = (now) => ({
    readable: !isWithin(world.unreadable, now),
    writable: !isWithin(world.unwritable, now),
  });
  world.peers
    .filter(({ joinsAt }) => joinsAt === 0)
    .forEach((peer) => {
      join(node, world, peer);
    });
  return node;
}

/** Lets the world happen up to its end. */
export async function live(node: VirtualNode, world: World): Promise<void> {
  node.start();
  const changes = world.peers.flatMap((peer) => [
    ...(peer.joinsAt > 0
      ? [
          {
            at: peer.joinsAt,
            act: () => {
              join(node, world, peer);
            },
          },
        ]
      : []),
    ...(peer.leavesAt < Infinity
      ? [
          {
            at: peer.leavesAt,
            act: () => {
              node.remove(peer.uuid);
            },
          },
        ]
      : []),
  ]);
  let now = 0;
  for (const { at, act } of changes.sort((a, b) => a.at - b.at)) {
    await node.run((at - now) / 1_000);
    now = at;
    act();
  }
  await node.run((END - now) / 1_000);
}

function join(node: VirtualNode, { outages, peers }: World, peer: WorldPeer): void {
  const at = peers.indexOf(peer) + 1;
  const behaviour = (now: number): Behaviour => (isWithin(outages[peer.family], now) ? 'silent' : alone(peer, now));
  node.add(
    peer.uuid,
    peer.family === 'IPv4' ? `1.1.1.${at}` : `2606:4700::${at.toString(16)}`,
    behaviour,
    peer.known ? { health: { ...UNCHECKED, state: 'available' }, checkedAt: 1 } : {},
  );
}

/** What a peer does where our own line is up. */
function alone({ kind, diesAt }: WorldPeer, now: number): Behaviour {
  switch (kind) {
    case 'steady':
      return ANSWERS;
    case 'dies':
      return now < diesAt ? ANSWERS : 'silent';
    case 'closes':
      return now < diesAt ? ANSWERS : REFUSES;
    case 'flaps':
      return Math.floor(now / 40_000) % 2 === 0 ? ANSWERS : REFUSES;
    case 'fails':
      return { afterMs: 5, reply: { ok: false, reason: 'http-500' } };
  }
}
