import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { Neighbours } from './neighbours.js';
import { endure, type Outage } from './outage.js';
import { keys } from './registry.js';
import { recovery, report } from './scale.js';
import { expectSoundLog } from './soundLog.js';

/** A life of the program lets five changes of its IP through in ten minutes, and each outage brings one. */
const A_LIFE = 4;

/** A node for each spec of a suite: neighbours, a private Redis that knows them, and the built program. */
export class Besieged {
  neighbours!: Neighbours;
  server!: RedisServer;
  redis!: Redis;
  #running: Scheduler[] = [];

  constructor() {
    beforeEach(async () => {
      this.neighbours = await Neighbours.start();
    });
    afterEach(async () => {
      for (const scheduler of this.#running.splice(0)) {
        await scheduler.kill();
        await scheduler.clear();
      }
      await this.neighbours.stop();
      await this.server.stop();
    });
  }

  /** Starts Redis, under further settings. */
  async serve(...args: string[]): Promise<void> {
    this.server = await RedisServer.start({ args });
    this.redis = this.server.client();
    await this.neighbours.register(this.redis);
  }

  async start(url = this.server.url): Promise<Scheduler> {
    const scheduler = await Scheduler.start(this.neighbours.settings({ url }));
    this.#running.push(scheduler);
    return scheduler;
  }

  /** Stops the program as an operator does; it has lived to that moment, and said nothing but what is meant to be. */
  async stop(scheduler: Scheduler): Promise<void> {
    expect(await scheduler.stop()).to.equal(0);
    expectSoundLog(scheduler);
  }

  /** What the registry says of the consumer. */
  consumer(i: number): Promise<Record<string, string>> {
    return this.redis.hgetall(keys.consumer(this.neighbours.consumers[i]?.uuid ?? ''));
  }

  consumers(): Promise<readonly Record<string, string>[]> {
    return Promise.all(this.neighbours.consumers.map((_, i) => this.consumer(i)));
  }

  /** How often each consumer was called. */
  calls(): readonly number[] {
    return this.neighbours.consumers.map(({ endpoint }) => endpoint.calls.length);
  }

  /** Until each consumer was called so many times more. */
  async called(times: number): Promise<void> {
    await Promise.all(
      this.neighbours.consumers.map(({ endpoint }) => {
        const before = endpoint.calls.length;
        return endpoint.until(({ calls }) => calls.length >= before + times);
      }),
    );
  }

  /** So many outages one after the other, in as many lives of the program as that takes. */
  async endure(what: string, times: number, outage: Omit<Outage, 'redis'>): Promise<void> {
    const tookMs: number[] = [];
    while (tookMs.length < times) {
      const running = await this.start();
      // In a later life all is as it should be before this one has done anything.
      await running.logged(({ event }) => event === 'round.finished');
      do {
        tookMs.push(await endure({ redis: () => this.redis, ...outage }, this.neighbours, running, tookMs.length));
      } while (tookMs.length < times && tookMs.length % A_LIFE > 0);
      await this.stop(running);
    }
    report(`${what}: ${recovery(tookMs)}`);
  }
}
