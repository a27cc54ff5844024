import { expect } from 'chai';
import {
  BehaviorSubject,
  finalize,
  from,
  lastValueFrom,
  NEVER,
  of,
  ReplaySubject,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
  map,
  toArray,
  type Observable,
} from 'rxjs';
import type { Lease, Outbox } from '#src/domain/announce/outbox.js';
import type { EventOf, SchedulerEvent } from '#src/events.js';
import { announce, type AnnounceOptions } from '#src/streams/ip/announce.js';
import type { KnownIp } from '#src/streams/ip/knownIp.js';

type Due = Extract<Lease, { kind: 'due' }>;

/** The outbox's rules in memory, for a fixed set of producers. */
class MemoryOutbox implements Outbox {
  ip: string | undefined;
  pending = new Set<string>();
  claimed = new Set<string>();
  recorded: string[] = [];
  failing = 0;

  constructor(private readonly producers: readonly string[]) {}

  enqueue(ip: string) {
    if (this.failing > 0) {
      this.failing -= 1;
      return Promise.reject(new Error('away'));
    }
    const previous = this.ip;
    if (previous === ip) return Promise.resolve({ changed: false, previous, producers: 0 });
    this.recorded.push(ip);
    this.ip = ip;
    this.pending = new Set(this.producers);
    this.claimed = new Set();
    return Promise.resolve({ changed: true, previous, producers: this.producers.length });
  }

  lease(...[expectedIp]: Parameters<Outbox['lease']>): Promise<Lease> {
    if (expectedIp !== undefined && expectedIp !== this.ip) return Promise.resolve({ kind: 'stale' });
    const ip = this.ip;
    if (ip === undefined || this.pending.size === 0) return Promise.resolve({ kind: 'empty' });
    const uuid = [...this.pending].find((one) => !this.claimed.has(one));
    if (uuid === undefined) return Promise.resolve({ kind: 'wait', forMs: 1 });
    this.claimed.add(uuid);
    return Promise.resolve({ kind: 'due', uuid, ip, stored: { ip: '1.1.1.1', port: null }, attempts: 0, error: null });
  }

  settle() {
    return Promise.resolve({ pending: this.pending.size });
  }

  acknowledge(uuid: string): void {
    this.pending.delete(uuid);
  }
}

describe('announce', () => {
  const acknowledged = ({ uuid, ip }: Due): SchedulerEvent => ({
    kind: 'announcement.acknowledged',
    at: 0,
    uuid,
    ip,
    attempts: 1,
  });

  function announcing(
    outbox: MemoryOutbox,
    known$: Observable<KnownIp>,
    attempt: (claim: Due) => Observable<SchedulerEvent>,
    over: Partial<Pick<AnnounceOptions, 'redisUp$' | 'settings$' | 'stop$'>> = {},
  ): Observable<SchedulerEvent> {
    return known$.pipe(
      announce({
        outbox,
        attempt,
        settings$: of({ concurrency: 2, leaseMs: 1_000 }),
        redisUp$: of(true),
        stop$: NEVER,
        wall: () => 0,
        explain: () => 'away',
        ...over,
      }),
    );
  }

  const kinds = (events: readonly SchedulerEvent[]) => events.map(({ kind }) => kind);
  const collect = (event$: Observable<SchedulerEvent>) => lastValueFrom(event$.pipe(toArray()), { defaultValue: [] });

  it('records the change, then tells every producer', async () => {
    const outbox = new MemoryOutbox(['p', 'q', 'r']);
    const event$ = announcing(outbox, of({ ip: 'A' }), (claim) => {
      outbox.acknowledge(claim.uuid);
      return of(acknowledged(claim));
    });
    const events = await collect(event$.pipe(take(4)));
    expect(kinds(events)).to.deep.equal([
      'ip.changed',
      ...Array.from({ length: 3 }, () => 'announcement.acknowledged'),
    ]);
  });

  it('announces nothing where the stored IP is the known one', async () => {
    const outbox = new MemoryOutbox(['p']);
    outbox.ip = 'A';
    expect(await collect(announcing(outbox, of({ ip: 'A' }), () => of()).pipe(takeUntil(timer(20))))).to.deep.equal([]);
    expect(outbox.recorded).to.deep.equal([]);
  });

  it('goes on with what is pending from before, where the first poll came to nothing', async () => {
    const outbox = new MemoryOutbox(['p']);
    await outbox.enqueue('A');
    const sent: string[] = [];
    const event$ = announcing(outbox, of({ ip: undefined }), (claim) => {
      sent.push(claim.ip);
      outbox.acknowledge(claim.uuid);
      return of(acknowledged(claim));
    });
    await collect(event$.pipe(take(1)));
    expect(sent).to.deep.equal(['A']);
  });

  it('a newer IP aborts what still carries the old one before it is recorded itself', async () => {
    const outbox = new MemoryOutbox(['p', 'q']);
    const known$ = new ReplaySubject<KnownIp>(2);
    const log: string[] = [];
    const attempt = (claim: Due): Observable<SchedulerEvent> => {
      log.push(`send ${claim.ip}`);
      const pending$ =
        claim.ip === 'A'
          ? NEVER
          : of(acknowledged(claim)).pipe(
              tap(() => {
                outbox.acknowledge(claim.uuid);
              }),
            );
      return pending$.pipe(
        tap({
          subscribe: () => {
            if (log.filter((line) => line === 'send A').length === 2 && claim.ip === 'A') {
              queueMicrotask(() => {
                log.push('known B');
                known$.next({ ip: 'B' });
              });
            }
          },
          unsubscribe: () => log.push(`abort ${claim.ip}`),
        }),
      );
    };
    known$.next({ ip: 'A' });
    await collect(announcing(outbox, known$, attempt).pipe(take(4)));
    expect(log.slice(0, 6)).to.deep.equal(['send A', 'send A', 'known B', 'abort A', 'abort A', 'send B']);
    expect(log.filter((line) => line === 'send A')).to.have.length(2);
    expect(outbox.recorded).to.deep.equal(['A', 'B']);
  });

  it('a hold stops the announcing of the old one as well', async () => {
    const outbox = new MemoryOutbox(['p']);
    const held: EventOf<'ip.held'> = { kind: 'ip.held', at: 0, ip: 'C', quietMs: 1 };
    const event$ = from<(KnownIp | typeof held)[]>([{ ip: 'A' }, held]).pipe(
      announce({
        outbox,
        attempt: () => NEVER,
        settings$: of({ concurrency: 1, leaseMs: 1 }),
        redisUp$: of(true),
        stop$: NEVER,
        wall: () => 0,
        explain: () => '',
      }),
    );
    expect(kinds(await collect(event$))).to.deep.equal(['ip.held']);
    expect(outbox.recorded).to.deep.equal([]);
  });

  it('keeps at recording the change until Redis has it, and tells that it could not', async () => {
    const outbox = new MemoryOutbox([]);
    outbox.failing = 1;
    const events = await collect(announcing(outbox, of({ ip: 'A' }), () => NEVER).pipe(take(2)));
    expect(kinds(events)).to.deep.equal(['redis.failed', 'ip.changed']);
  });

  it('records it again where Redis has lost its data meanwhile', async () => {
    const outbox = new MemoryOutbox(['p']);
    let lost = false;
    const attempt = (claim: Due): Observable<SchedulerEvent> => {
      if (!lost) {
        lost = true;
        outbox.ip = undefined;
      } else {
        outbox.acknowledge(claim.uuid);
      }
      return of(acknowledged(claim));
    };
    const events = await collect(announcing(outbox, of({ ip: 'A' }), attempt).pipe(take(4)));
    expect(outbox.recorded).to.deep.equal(['A', 'A']);
    expect(kinds(events).filter((kind) => kind === 'ip.changed')).to.have.length(2);
  });

  it('changed settings are in force once what is in flight has ended, which is not lost', async () => {
    const outbox = new MemoryOutbox(['p', 'q', 'r', 's', 't']);
    const settings$ = new BehaviorSubject({ concurrency: 1, leaseMs: 1 });
    const leases: number[] = [];
    outbox.lease = (...[ip, leaseMs]: Parameters<Outbox['lease']>) => {
      leases.push(leaseMs);
      return MemoryOutbox.prototype.lease.call(outbox, ip, leaseMs);
    };
    let [atOnce, most] = [0, 0];
    const attempt = (claim: Due): Observable<SchedulerEvent> => {
      most = Math.max(most, (atOnce += 1));
      if (claim.uuid === 'p') settings$.next({ concurrency: 4, leaseMs: 4 });
      outbox.acknowledge(claim.uuid);
      return timer(2).pipe(
        map(() => acknowledged(claim)),
        finalize(() => (atOnce -= 1)),
      );
    };
    const events = await collect(announcing(outbox, of({ ip: 'A' }), attempt, { settings$ }).pipe(take(6)));
    expect(events.flatMap((event) => ('uuid' in event ? [event.uuid] : []))).to.have.members(['p', 'q', 'r', 's', 't']);
    expect(leases.filter((ms) => ms === 1)).to.have.length(1);
    expect(most).to.equal(4);
  });

  it('does not sleep over it where Redis comes back and nothing was due', async () => {
    const outbox = new MemoryOutbox(['p']);
    const redisUp$ = new BehaviorSubject(true);
    const claims: number[] = [];
    outbox.lease = (...asked) => {
      claims.push(claims.length);
      if (claims.length > 2) return MemoryOutbox.prototype.lease.apply(outbox, asked);
      if (claims.length === 2)
        setImmediate(() => {
          [false, true].forEach((up) => {
            redisUp$.next(up);
          });
        });
      return Promise.resolve({ kind: 'wait', forMs: 3_600_000 });
    };
    const attempt = (claim: Due): Observable<SchedulerEvent> => of(acknowledged(claim));
    const events = await collect(announcing(outbox, of({ ip: 'A' }), attempt, { redisUp$ }).pipe(take(2)));
    expect(kinds(events)).to.deep.equal(['ip.changed', 'announcement.acknowledged']);
  });

  it('waits for Redis to come', async () => {
    const outbox = new MemoryOutbox([]);
    const redisUp$ = new Subject<boolean>();
    const events = collect(announcing(outbox, of({ ip: 'A' }), () => NEVER, { redisUp$ }).pipe(take(1)));
    redisUp$.next(false);
    expect(outbox.recorded).to.deep.equal([]);
    redisUp$.next(true);
    expect(kinds(await events)).to.deep.equal(['ip.changed']);
  });

  it('on stop claims nothing more, and ends once what is in flight has ended', async () => {
    const outbox = new MemoryOutbox(['p', 'q', 'r', 's']);
    const stop$ = new ReplaySubject<void>(1);
    let started = 0;
    const attempt = (claim: Due): Observable<SchedulerEvent> => {
      started += 1;
      if (started === 2) stop$.next();
      return timer(2).pipe(map(() => acknowledged(claim)));
    };
    const events = await collect(announcing(outbox, of({ ip: 'A' }), attempt, { stop$ }));
    expect(kinds(events)).to.deep.equal(['ip.changed', 'announcement.acknowledged', 'announcement.acknowledged']);
  });
});
