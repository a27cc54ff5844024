import { expect } from 'chai';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { DividedShares, type ShareReport } from '#src/replicas/dividedShares.js';
import type { Membership, ShareEngine } from '#src/replicas/engine.js';
import type { ShareChange } from '#src/state/shares.js';
import { eventually } from '../eventually.js';
import { follow } from '../follow.js';

/** What a suite of the port needs of an adapter: where shares are handed out, and ways to disturb that. */
export interface ShareGround {
  readonly count: number;
  readonly leaseMs: number;
  engine(): ShareEngine;
  membership(instance: string): Membership;
  /** What the lock of a share holds. */
  held(share: number): Promise<string | undefined>;
  /** All data is lost. */
  empty(): Promise<void>;
}

const BEAT_MS = 50;

/** One replica as far as its shares go: it beats until it is told not to. */
class Holder {
  readonly shares: DividedShares;
  readonly changes: readonly ShareChange[];
  readonly reports: ShareReport[] = [];
  readonly busy = new Set<number>();
  joins = true;
  #beats = true;
  #beating: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    ground: ShareGround,
  ) {
    const steady = (): number => performance.now();
    this.shares = new DividedShares({
      ...{ engine: ground.engine(), membership: ground.membership(name), instance: name },
      ...{ count: ground.count, leaseMs: ground.leaseMs, clock: { steady, wall: () => Date.now() } },
      isBusyWith: () => this.busy.size > 0,
      refused: () => undefined,
    });
    this.changes = follow(this.shares.change$).seen;
    this.resume();
  }

  /** The shares that it was told of. */
  get own(): ReadonlySet<number> {
    const own = new Set<number>();
    for (const { gained, lost } of this.changes) {
      for (const share of lost) own.delete(share);
      for (const share of gained) own.add(share);
    }
    return own;
  }

  /** Says and asks nothing from now on, as who was killed or cut off. */
  async pause(): Promise<void> {
    this.#beats = false;
    await this.#beating;
  }

  resume(): void {
    this.#beats = true;
    this.#beating = this.#loop();
  }

  async end(): Promise<void> {
    await this.pause();
    await this.shares.release();
  }

  async #loop(): Promise<void> {
    while (this.#beats) {
      this.reports.push(await this.shares.beat({ name: this.name }, this.joins));
      await delay(BEAT_MS);
    }
  }
}

/** What holds of the port over any adapter. */
export function shareSuite(title: string, ground: () => ShareGround): void {
  describe(title, () => {
    let all: Holder[] = [];
    const start = (name: string): Holder => {
      const holder = new Holder(name, ground());
      all.push(holder);
      return holder;
    };
    afterEach(async () => {
      for (const one of all) await one.end();
      all = [];
    });
    const counts = (...holders: readonly Holder[]): number[] => holders.map(({ own }) => own.size);
    const even = (...holders: readonly Holder[]) =>
      eventually(() => {
        const sizes = counts(...holders);
        expect(sizes.reduce((sum, n) => sum + n, 0)).to.equal(ground().count);
        expect(Math.max(...sizes)).to.be.at.most(Math.ceil(ground().count / holders.length));
      });
    /** Each lock holds a token of who says that it has the share. */
    const expectLocked = async (...holders: readonly Holder[]) => {
      for (const { own, name } of holders)
        for (const share of own) expect(await ground().held(share), String(share)).to.match(new RegExp(`^${name}:`));
    };

    it('one has all of them', async () => {
      const a = start('a');
      await even(a);
      await expectLocked(a);
      expect(a.shares.portion).to.equal(1);
    });

    it('two have the half each, three a third, and each lock is of who has the share', async () => {
      const a = start('a');
      await even(a);
      const b = start('b');
      await even(a, b);
      const c = start('c');
      await even(a, b, c);
      await expectLocked(a, b, c);
    });

    it('several that start together end up even', async () => {
      const holders = ['a', 'b', 'c', 'd'].map(start);
      await even(...holders);
      await expectLocked(...holders);
    });

    it('a beat reports what has come and gone since the one before', async () => {
      const a = start('a');
      await even(a);
      const b = start('b');
      await even(a, b);
      const sum = (one: Holder, what: 'gained' | 'lost') => one.reports.reduce((all, report) => all + report[what], 0);
      expect([sum(a, 'gained'), sum(a, 'lost')]).to.deep.equal([ground().count, ground().count / 2]);
      expect([sum(b, 'gained'), sum(b, 'lost')]).to.deep.equal([ground().count / 2, 0]);
    });

    it('those of one that ends are the others’ at once', async () => {
      const [a, b] = [start('a'), start('b')];
      await even(a, b);
      const at = performance.now();
      await b.end();
      await even(a);
      expect(performance.now() - at).to.be.lessThan(ground().leaseMs);
    });

    it('those of one that is silent are the others’ within two leases, and it drops them when it wakes', async () => {
      const [a, b] = [start('a'), start('b')];
      await even(a, b);
      await b.pause();
      const at = performance.now();
      await even(a);
      expect(performance.now() - at).to.be.lessThan(2 * ground().leaseMs + 1_000);
      const uuids = Array.from({ length: 200 }, (_, i) => `aaaaaaaa-0000-4000-8000-${String(i).padStart(12, '0')}`);
      expect(b.own.size, 'it does not know yet').to.be.greaterThan(0);
      // It is asked in the very turn that calls, and has stood still.
      expect(uuids.filter((uuid) => b.shares.mine(uuid))).to.deep.equal([]);
      b.resume();
      await even(a, b);
      await expectLocked(a, b);
    });

    it('a share that is busy is kept until it is not, but nothing new begins in it', async () => {
      const a = start('a');
      await even(a);
      a.busy.add(0);
      const b = start('b');
      await eventually(() => {
        expect(a.shares.isDraining).to.equal(true);
      });
      const uuids = Array.from({ length: 400 }, (_, i) => `aaaaaaaa-0000-4000-8000-${String(i).padStart(12, '0')}`);
      expect(uuids.every((uuid) => a.shares.holds(uuid))).to.equal(true);
      expect(uuids.some((uuid) => !a.shares.mine(uuid))).to.equal(true);
      expect(uuids.every((uuid) => a.shares.guardOf(uuid) !== undefined)).to.equal(true);
      expect(b.own.size).to.equal(0);
      a.busy.clear();
      await even(a, b);
    });

    it('data that are lost are there again, and nobody drops what becomes its own again', async () => {
      const a = start('a');
      await even(a);
      const before = a.changes.length;
      await ground().empty();
      await eventually(() => expectLocked(a));
      await even(a);
      expect(a.changes.length, 'nothing has come or gone').to.equal(before);
    });

    it('one that is not to join gives all of it up', async () => {
      const [a, b] = [start('a'), start('b')];
      await even(a, b);
      b.joins = false;
      await even(a);
      expect(b.own.size).to.equal(0);
      b.joins = true;
      await even(a, b);
    });

    it('what was refused is not written again until a beat tells whose the share is', async () => {
      const a = start('a');
      await even(a);
      await a.pause();
      const uuid = 'aaaaaaaa-0000-4000-8000-000000000000';
      const guard = a.shares.guardOf(uuid);
      if (guard === undefined) throw new Error('it has no lock');
      a.shares.refused('verdicts', [guard]);
      expect(a.shares.guardOf(uuid)).to.equal(undefined);
      expect(a.shares.holds(uuid), 'it is checked on').to.equal(true);
    });

    it('an overtaken token is nobody’s to write under', async () => {
      const [a, b] = [start('a'), start('b')];
      await even(a, b);
      const uuids = Array.from({ length: 400 }, (_, i) => `aaaaaaaa-0000-4000-8000-${String(i).padStart(12, '0')}`);
      const guards = uuids.map((uuid) => ({ uuid, a: a.shares.guardOf(uuid), b: b.shares.guardOf(uuid) }));
      for (const guard of guards) expect(guard.a === undefined, guard.uuid).to.not.equal(guard.b === undefined);
    });
  });
}
