import { expect } from 'chai';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fencedScript, runFenced } from '#src/clients/script.js';
import { readToken } from '#src/domain/leader.js';
import { Candidacy } from '#src/leader/candidacy.js';
import { RedisLease } from '#src/leader/redisLease.js';
import { Leadership } from '#src/state/leadership.js';
import { US } from '../support/deps.js';
import { keys, privateRedis } from '../support/registry.js';
import { scale } from '../support/scale.js';

const LEASE_MS = 400;
const BEAT_MS = 30;
/** What a loaded machine may take longer. */
const SLACK_MS = 2_000;
const PLACES = 3;
/** What may leave nobody who knows the last term. */
const FORGETTING: ReadonlySet<string> = new Set(['flush', 'expire', 'kill', 'freeze']);

const PROBE = fencedScript(`return 'written'`);

/** A place, or whoever works at that moment. */
type Where = number | 'holder';
type Step =
  | { readonly do: 'start' | 'stop' | 'kill' | 'freeze' | 'thaw'; readonly where: Where }
  | { readonly do: 'flush' | 'expire' | 'wait' };

/** One process, as far as its candidacy goes. */
class Contender {
  readonly leadership = new Leadership();
  frozen = false;
  ended = false;
  readonly #candidacy: Candidacy;
  readonly #beating: Promise<void>;

  constructor(redis: ConstructorParameters<typeof RedisLease>[0]) {
    const own = { instance: randomUUID(), uuid: US, name: 'n', host: 'h', version: '1.0.0', ofShares: undefined };
    this.#candidacy = new Candidacy({
      lease: new RedisLease(redis, keys, own, LEASE_MS, undefined),
      leadership: this.leadership,
      leaseMs: LEASE_MS,
      instance: own.instance,
      uuid: US,
      onForeign: 'standby',
      shares: false,
      mayTake: () => true,
      identity: undefined,
      steady: () => performance.now(),
      explain: String,
    });
    this.#beating = this.#beat();
  }

  get works(): boolean {
    return !this.ended && !this.frozen && this.leadership.leads;
  }

  /** Ends without a word. */
  async kill(): Promise<void> {
    this.ended = true;
    await this.#beating;
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.#candidacy.release();
  }

  async #beat(): Promise<void> {
    while (!this.ended) {
      if (!this.frozen) await this.#candidacy.beat();
      await delay(BEAT_MS);
    }
  }
}

describe('who works, under every order of faults', () => {
  const shared = privateRedis();

  const where: fc.Arbitrary<Where> = fc.constantFrom(...Array.from({ length: PLACES }, (_, i) => i), 'holder' as const);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constant('start' as const), where }),
    fc.record({ do: fc.constantFrom('stop', 'kill', 'freeze'), where: fc.constant('holder' as const) }),
    fc.record({ do: fc.constantFrom('stop', 'kill', 'freeze', 'thaw'), where }),
    fc.record({ do: fc.constantFrom('flush', 'expire', 'wait') }),
  );

  it('is one at a time, under terms that grow, and somebody within two leases', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 8 }), async (steps) => {
        await shared.redis.flushall();
        const places: (Contender | undefined)[] = Array.from({ length: PLACES }, () => undefined);
        const everyone: Contender[] = [];
        const begin = (i: number): void => {
          const contender = new Contender(shared.redis);
          everyone.push(contender);
          places[i] = contender;
        };
        const awake = () => places.filter((one) => one?.ended === false && !one.frozen);
        const mayWrite = (token: string) =>
          runFenced(shared.redis, PROBE, {
            ...{ keys: [], args: [], lease: keys.leader, fence: { token: () => token, refused: () => undefined } },
            what: 'probe',
          }).then(
            () => true,
            () => false,
          );
        /** Who a script would write for, the frozen ones included. */
        const writers = async (): Promise<readonly Contender[]> => {
          const found = await Promise.all(everyone.map((one) => mayWrite(one.leadership.fence.token())));
          return everyone.filter((_, i) => found[i]);
        };
        let highest = { token: '', term: 0 };
        const look = async (): Promise<boolean> => {
          const found = await writers();
          expect(found.length).to.be.at.most(1);
          const token = await shared.redis.get(keys.leader);
          const read = readToken(token ?? '');
          if (token !== null && read !== undefined && read.instance !== '' && token !== highest.token) {
            expect(read.term, `${token} after ${highest.token}`).to.be.greaterThan(highest.term);
            highest = { token, term: read.term };
          }
          return found.some((one) => one.works);
        };
        const somebodyWorks = async (): Promise<void> => {
          const until = performance.now() + 2 * LEASE_MS + SLACK_MS;
          while (!(await look())) {
            expect(performance.now(), 'nobody works').to.be.lessThan(until);
            await delay(BEAT_MS);
          }
        };
        const indexOf = (at: Where): number =>
          at === 'holder'
            ? Math.max(
                0,
                places.findIndex((one) => one?.works),
              )
            : at;
        const take = async (next: Step): Promise<void> => {
          // The term is a time in seconds: who has seen none goes beyond it where a second has passed since it was taken.
          while (FORGETTING.has(next.do) && Number((await shared.redis.time())[0]) <= highest.term)
            await delay(BEAT_MS);
          switch (next.do) {
            case 'flush':
              await shared.redis.flushall();
              return;
            case 'expire':
              await shared.redis.del(keys.leader);
              return;
            case 'wait':
              await delay(LEASE_MS / 2);
              return;
            default: {
              const i = indexOf(next.where);
              const one = places[i];
              if (next.do === 'start') {
                if (one === undefined || one.ended) begin(i);
              } else if (next.do === 'freeze' || next.do === 'thaw') {
                if (one !== undefined) one.frozen = next.do === 'freeze';
              } else await one?.[next.do]();
            }
          }
        };
        try {
          begin(0);
          await somebodyWorks();
          begin(1);
          for (const next of steps) {
            await take(next);
            if (awake().length > 0) await somebodyWorks();
          }
          // In the end all those that are awake agree on one.
          const until = performance.now() + 2 * LEASE_MS + SLACK_MS;
          for (const one of places) if (one !== undefined) one.frozen = false;
          if (awake().length === 0) return;
          while (!(await look()) || everyone.filter((one) => one.works).length !== 1) {
            expect(performance.now(), 'more than one works').to.be.lessThan(until);
            await delay(BEAT_MS);
          }
        } finally {
          await Promise.all(everyone.map((one) => one.kill()));
        }
      }),
      { numRuns: 8 * scale },
    );
  }).timeout(60_000 + scale * 60_000);
});
