import { expect } from 'chai';
import { BehaviorSubject } from 'rxjs';
import { publicIp } from '#src/app/publicIp.js';
import type { Deps } from '#src/app/deps.js';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { configOf, fakeDeps, never } from '../support/deps.js';
import { follow, kinds, type Followed } from '../support/follow.js';
import { advance, freeze, settled } from '../support/timers.js';

describe('publicIp', () => {
  let timers: ReturnType<typeof freeze>;
  let watches: Followed<SchedulerEvent>[];

  beforeEach(() => {
    timers = freeze();
    watches = [];
  });
  afterEach(() => {
    for (const { leave } of watches) leave();
    timers.release();
  });

  /** Sources by name that answer with the same address, and every lookup of them. */
  class Sources {
    readonly made: Pick<ReturnType<typeof configOf>, 'publicIp' | 'network'>[] = [];
    readonly lookups: string[] = [];
    readonly signals: AbortSignal[] = [];

    constructor(
      private readonly names: readonly string[],
      public answer: () => Promise<IpAnswer> = () => Promise.resolve({ ok: true, ip: '9.9.9.9' }),
    ) {}

    readonly make: Deps['ipSources'] = (settings): readonly IpSource[] => {
      this.made.push(settings);
      return this.names.map((name) => ({
        name,
        remote: true,
        lookup: (signal) => {
          this.lookups.push(name);
          this.signals.push(signal);
          return this.answer();
        },
      }));
    };
  }

  function watching(keys: object, sources = new Sources(['dns', 'https'])) {
    const config$ = new BehaviorSubject(configOf(keys));
    const evidence = new OnlineEvidence();
    const followed = follow(publicIp(fakeDeps({ config$, evidence, ipSources: sources.make })));
    watches.push(followed);
    const change = (changed: object): void => {
      config$.next(configOf(changed));
    };
    return { ...followed, change, sources, evidence, followed };
  }

  describe('with an override', () => {
    it('takes it for the IP at once, and polls nobody', async () => {
      const { seen, sources, followed } = watching({ publicIp: { override: '5.5.5.5' } });
      await advance(600_000);
      expect(seen).to.deep.equal([{ kind: 'ip.confirmed', at: 1_000_000, ip: '5.5.5.5', agreed: ['override'] }]);
      expect([sources.made, sources.lookups]).to.deep.equal([[], []]);
      expect(followed.end).to.equal(undefined);
    });

    it('is no witness of our being online', async () => {
      const { evidence } = watching({ publicIp: { override: '5.5.5.5' } });
      await settled();
      expect(evidence.generation('public IPv4')).to.equal(0);
    });

    it('follows it when it changes, and polls once there is none', async () => {
      const { seen, change, sources } = watching({ publicIp: { override: '5.5.5.5' } });
      change({ publicIp: { override: '6.6.6.6' } });
      change({});
      await settled();
      const confirmed = seen.flatMap((event) => (event.kind === 'ip.confirmed' ? [event.ip] : []));
      expect(confirmed).to.deep.equal(['5.5.5.5', '6.6.6.6', '9.9.9.9']);
      expect(sources.lookups).to.deep.equal(['dns', 'https']);
    });

    it('ends the polling when it is set', async () => {
      const { seen, change, sources } = watching({});
      await settled();
      const lookups = sources.lookups.length;
      change({ publicIp: { override: '5.5.5.5' } });
      await advance(600_000, 10_000);
      expect(seen.at(-1)).to.include({ kind: 'ip.confirmed', ip: '5.5.5.5' });
      expect(sources.lookups).to.have.length(lookups);
    });
  });

  describe('without', () => {
    it('says what the sources agree on; their answers are witnesses', async () => {
      const { seen, sources, evidence } = watching({});
      await settled();
      expect(kinds(seen)).to.deep.equal(['ip.polled', 'ip.polled', 'ip.confirmed']);
      expect(sources.made).to.deep.equal([{ publicIp: configOf().publicIp, network: configOf().network }]);
      expect(evidence.generation('public IPv4')).to.be.greaterThan(0);
    });

    it('polls at the interval, within its jitter', async () => {
      const { sources } = watching({ publicIp: { interval: '60s' } });
      await settled();
      const first = sources.lookups.length;
      await advance(59_000, 1_000);
      expect(sources.lookups).to.have.length(first);
      await advance(1_000, 1_000);
      expect(sources.lookups).to.have.length(first + 1);
    });

    it('a lookup has the time that the settings give', async () => {
      const { seen } = watching({ publicIp: { timeout: '2s' } }, new Sources(['dns'], never));
      await advance(1_999);
      expect(seen).to.deep.equal([]);
      await advance(1);
      expect(seen[0]).to.include({ kind: 'ip.polled', source: 'dns', result: 'timeout' });
    });

    for (const [what, keys] of [
      ['its settings', { publicIp: { interval: '10s' } }],
      ['the addresses that may be called', { network: { allow: ['public', 'private'] } }],
    ] as const) {
      it(`begins anew, with sources of their own, where ${what} change`, async () => {
        const { change, sources } = watching({});
        await settled();
        change(keys);
        await settled();
        expect(sources.lookups).to.deep.equal(['dns', 'https', 'dns', 'https']);
        expect(sources.made.at(-1)).to.deep.include(
          'network' in keys ? { network: configOf(keys).network } : { publicIp: configOf(keys).publicIp },
        );
      });
    }

    it('goes on undisturbed where others do', async () => {
      const { change, sources } = watching({});
      await settled();
      change({ sync: { interval: '5s' }, log: { level: 'debug' } });
      await settled();
      expect(sources.made).to.have.length(1);
      expect(sources.lookups).to.deep.equal(['dns', 'https']);
    });

    it('a lookup under the old settings is given up, and its source is asked anew once that has ended', async () => {
      let end = (): void => undefined;
      const sources = new Sources(
        ['dns'],
        () =>
          new Promise((resolve) => {
            end = () => {
              resolve({ ok: true, ip: '8.8.8.8' });
            };
          }),
      );
      const { seen, change } = watching({ publicIp: { quorum: 1 } }, sources);
      await settled();
      change({ publicIp: { quorum: 1, interval: '10s' } });
      await settled();
      expect(sources.signals[0]?.aborted).to.equal(true);
      expect(sources.lookups).to.deep.equal(['dns']);
      expect(seen).to.deep.equal([]);
      end();
      sources.answer = () => Promise.resolve({ ok: true, ip: '9.9.9.9' });
      await settled();
      expect(sources.lookups).to.deep.equal(['dns', 'dns']);
      expect(seen.at(-1)).to.include({ kind: 'ip.confirmed', ip: '9.9.9.9' });
    });

    it('an unsubscription ends the lookup and the polling', async () => {
      const sources = new Sources(['dns'], never);
      const { leave } = watching({}, sources);
      await settled();
      leave();
      expect(sources.signals.map(({ aborted }) => aborted)).to.deep.equal([true]);
      await advance(600_000, 10_000);
      expect(sources.lookups).to.deep.equal(['dns']);
    });
  });
});
