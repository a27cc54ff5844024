import { expect } from 'chai';
import fc from 'fast-check';
import { INTERVAL_MS, LEASE_MS, ReplicaWorld, RULES, SHARES, TIMEOUT_MS } from '../support/replicas/world.js';
import { scale } from '../support/scale.js';
import { freeze } from '../support/timers.js';

const PEERS = 40;
const MOST = 4;
/** By then all shares are held, and evenly: two leases for what is stalled, and beats for what is ceded. */
const SETTLED_MS = 3 * LEASE_MS + TIMEOUT_MS;
/** The age that no peer in good standing exceeds where nothing has happened for so long. */
const FRESH_MS = 1.2 * INTERVAL_MS + 2 * LEASE_MS + TIMEOUT_MS;
/** Checks of a peer come no closer than that, but across a take-over. */
const CLOSEST_MS = 0.4 * INTERVAL_MS;
const HOUR_MS = 3_600_000;

type Step =
  | { readonly do: 'join' }
  | { readonly do: 'leave' | 'kill' | 'cut' | 'mend'; readonly which: number }
  | { readonly do: 'clock'; readonly which: number; readonly aheadMs: number }
  | { readonly do: 'redis'; readonly to: 'down' | 'up' | 'emptied' }
  | { readonly do: 'peer'; readonly which: number; readonly answers: boolean }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('join' as const) }),
  fc.record({ do: fc.constantFrom('leave', 'kill', 'cut', 'mend'), which: fc.nat(MOST - 1) }),
  fc.record({
    do: fc.constant('clock' as const),
    which: fc.nat(MOST - 1),
    aheadMs: fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
  }),
  fc.record({ do: fc.constant('redis' as const), to: fc.constantFrom('down', 'up', 'emptied') }),
  fc.record({ do: fc.constant('peer' as const), which: fc.nat(PEERS - 1), answers: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 500, max: 2 * INTERVAL_MS }) }),
);

describe('replicas that share a registry, under every order of faults', () => {
  let timers: ReturnType<typeof freeze>;
  beforeEach(() => {
    timers = freeze();
  });
  afterEach(() => {
    timers.release();
  });

  /** When something happened that may move shares or hide them. */
  const isFault = (one: Step): boolean => one.do !== 'wait' && one.do !== 'peer';

  const take = (world: ReplicaWorld, one: Step): void => {
    const replicas = [...world.alive.values()];
    switch (one.do) {
      case 'join':
        if (replicas.length < MOST) world.join();
        return;
      case 'leave':
      case 'kill': {
        const chosen = replicas[one.which % replicas.length];
        if (replicas.length > 1) chosen?.[one.do === 'kill' ? 'kill' : 'stop']();
        return;
      }
      case 'cut':
      case 'mend': {
        const chosen = replicas[one.which % replicas.length];
        if (chosen !== undefined) chosen.cut = one.do === 'cut';
        return;
      }
      case 'clock': {
        replicas[one.which % replicas.length]?.setClock(one.aheadMs);
        return;
      }
      case 'redis':
        if (one.to === 'emptied') world.empty();
        else world.redisIsUp = one.to === 'up';
        return;
      case 'peer': {
        const peer = [...world.peers.values()][one.which];
        if (peer !== undefined) peer.answers = one.answers;
        return;
      }
      case 'wait':
        return;
    }
  };

  const isDisturbed = (world: ReplicaWorld): boolean =>
    !world.redisIsUp || [...world.alive.values()].some(({ cut }) => cut);

  const mended = (world: ReplicaWorld): void => {
    world.redisIsUp = true;
    for (const one of world.alive.values()) one.cut = false;
  };

  const expectEven = (world: ReplicaWorld): void => {
    const held = [...world.alive.values()].map(({ shares }) => shares.size);
    const due = Math.ceil(SHARES / held.length);
    expect(Math.max(...held), `held: ${held.join()}`).to.be.at.most(due);
    expect(
      held.reduce((sum, n) => sum + n, 0),
      `held: ${held.join()}`,
    ).to.equal(SHARES);
  };

  it('leave no peer unattended, call none twice, and write under one lock at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: MOST }),
        fc.array(fc.tuple(step, fc.integer({ min: 100, max: 6_000 })), { minLength: 2, maxLength: 6 }),
        async (replicas, steps) => {
          const world = new ReplicaWorld(PEERS);
          const uuids = [...world.peers.keys()];
          const touched = new Set(steps.map(([one]) => (one.do === 'peer' ? uuids[one.which] : undefined)));
          try {
            const faults: number[] = [Date.now()];
            for (let i = 0; i < replicas; i += 1) world.join();
            await world.run(SETTLED_MS);
            faults.push(Date.now());
            for (const [one, pauseMs] of steps) {
              if (isFault(one)) faults.push(Date.now());
              take(world, one);
              const until = Date.now() + pauseMs + (one.do === 'wait' ? one.ms : 0);
              // Who can't reach Redis checks on, beside whoever has its shares by now.
              for (let at = Date.now(); isDisturbed(world) && at < until; at += LEASE_MS) faults.push(at);
              await world.run(until - Date.now());
              if (isFault(one)) faults.push(Date.now());
              const leaders = [...world.alive.values()].filter(({ leadership }) => leadership.isValid(Date.now()));
              expect(leaders.length, 'more than one may announce').to.be.at.most(1);
            }
            faults.push(Date.now());
            mended(world);
            await world.run(SETTLED_MS);
            faults.push(Date.now());
            expectEven(world);
            await world.run(FRESH_MS);
            for (const [uuid, { entry, answers, tokens, wrongs }] of world.peers) {
              const calls = world.calls.filter((call) => call.uuid === uuid).map(({ at }) => at);
              const age = Date.now() - (calls.at(-1) ?? 0);
              const isFresh = entry.health.state === 'unavailable' || age <= FRESH_MS;
              expect(isFresh, `${uuid} was last called ${String(age)} ms ago`).to.equal(true);
              expect(wrongs).to.deep.equal([]);
              // A token that was overtaken never comes back.
              expect(new Set(tokens).size, tokens.join()).to.equal(tokens.length);
              // Who has failed is checked more often.
              if (entry.health.failures > 0 || !answers || touched.has(uuid)) continue;
              for (const [i, at] of calls.entries()) {
                const before = calls[i - 1];
                if (before === undefined || at - before >= CLOSEST_MS) continue;
                // It needs a reason: something that moves shares, no longer ago than it takes until that is over.
                const near = faults.some((fault) => fault <= at && at - fault <= SETTLED_MS + INTERVAL_MS);
                expect(near, `${uuid} was called after ${String(at - before)} ms`).to.equal(true);
              }
            }
          } finally {
            world.end();
          }
        },
      ),
      { numRuns: 10 * scale },
    );
  }).timeout(120_000 + scale * 60_000);

  it('give no peer up while their line is down, whoever comes and goes meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('join', 'leave', 'kill'), { minLength: 3, maxLength: 5 }),
        async (moves) => {
          const world = new ReplicaWorld(PEERS);
          try {
            for (let i = 0; i < 2; i += 1) world.join();
            await world.run(SETTLED_MS + INTERVAL_MS);
            world.lineIsUp = false;
            for (const move of moves) {
              take(world, move === 'join' ? { do: 'join' } : { do: move, which: 0 });
              await world.run(2 * INTERVAL_MS);
            }
            for (const { entry } of world.peers.values()) {
              expect(entry.health.state).to.not.equal('unavailable');
              expect(entry.health.failures).to.be.lessThan(RULES.fall);
            }
          } finally {
            world.end();
          }
        },
      ),
      { numRuns: 4 * scale },
    );
  }).timeout(120_000 + scale * 60_000);

  it('find a peer unavailable after as many failures as one scheduler would, though its share moves meanwhile', async () => {
    const world = new ReplicaWorld(PEERS);
    try {
      world.join();
      await world.run(SETTLED_MS + INTERVAL_MS);
      const [first] = world.peers.values();
      if (first === undefined) throw new Error('no peer');
      first.answers = false;
      await world.run(INTERVAL_MS);
      world.join();
      await world.run(2 * INTERVAL_MS);
      expect(first.entry.health).to.include({ state: 'unavailable', failures: first.entry.health.failures });
      expect(first.wrongs).to.deep.equal([]);
    } finally {
      world.end();
    }
  });
});
