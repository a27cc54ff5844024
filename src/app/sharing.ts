import {
  connect,
  defer,
  distinctUntilChanged,
  EMPTY,
  exhaustMap,
  filter,
  from,
  ignoreElements,
  map,
  merge,
  mergeMap,
  share,
  switchMap,
  takeUntil,
  tap,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import type { SchedulerEvent } from '../events.js';
import type { LeaseState } from '../leader/candidacy.js';
import type { ShareReport } from '../replicas/dividedShares.js';
import { every } from '../sources/every.js';
import { alongside } from '../streams/operators/alongside.js';
import type { Deps } from './deps.js';
import { BEATS_PER_LEASE, isSame, STANDBY_MS, toEvent } from './leading.js';
import type { Sharing } from './replica.js';

/** The two halves of the mission. Every replica runs the first; only the leader runs all of the second. */
export interface Halves {
  readonly sync$: Observable<SchedulerEvent>;
  readonly ip: (leads: boolean) => Observable<SchedulerEvent>;
}

type SharingDeps = Pick<
  Deps,
  | 'candidacy'
  | 'leadership'
  | 'leaseMs'
  | 'redisConnected$'
  | 'book'
  | 'undecided'
  | 'outboxSleep'
  | 'clock'
  | 'config$'
  | 'stop$'
>;

/** The result of one beat. */
interface BeatResult {
  readonly leaseState: LeaseState;
  readonly works: boolean;
  /** Undefined if only the lease was read. */
  readonly report: ShareReport | undefined;
  readonly moved: boolean;
}

/**
 * Runs the work shared with other replicas: the checks of our shares, and the public-IP half if this process leads.
 * It stands by while a scheduler works that does not share.
 */
export function whileSharing(deps: SharingDeps, sharing: Sharing, halves: Halves): Observable<SchedulerEvent> {
  const { config$, stop$, book, undecided, outboxSleep } = deps;
  const result$ = beatResults(deps, sharing).pipe(share());
  const live$ = result$.pipe(takeUntil(stop$));
  const worked$ = live$.pipe(
    connect((beat$) => {
      const leaseState$ = beat$.pipe(
        distinctUntilChanged((a, b) => isSame(a.leaseState, b.leaseState) && a.works === b.works),
        tap(({ leaseState }) => {
          // A lease that was lost with the data of Redis means that the outbox is lost too.
          if (leaseState.kind === 'leads') outboxSleep.wake();
        }),
        map(({ leaseState, works }) => leaderEvent(leaseState, works, deps.clock.wall())),
        filter((event) => event !== undefined),
      );
      const sync$ = beat$.pipe(
        map(({ works }) => works),
        distinctUntilChanged(),
        switchMap((works) => {
          if (works) return halves.sync$;
          for (const { entry } of undecided.clear()) book.unreserve(entry.uuid);
          book.clear();
          return EMPTY;
        }),
      );
      const ip$ = beat$.pipe(
        map(({ leaseState, works }) => (works ? (leads(leaseState) ? 'leads' : 'watches') : 'none')),
        distinctUntilChanged(),
        switchMap((part) => (part === 'none' ? EMPTY : halves.ip(part === 'leads'))),
      );
      return merge(leaseState$, beat$.pipe(shareEvents(deps, sharing)), sync$, ip$);
    }),
  );
  const pollInterval$ = config$.pipe(
    tap(({ publicIp }) => {
      sharing.pollMs = publicIp.intervalMs;
    }),
    ignoreElements(),
  );
  // The lease and the shares are kept while work in flight drains.
  return worked$.pipe(alongside(merge(result$.pipe(ignoreElements()), pollInterval$)));
}

/** Gives the shares back at the end. */
export function releaseShares({ shares }: Pick<Sharing, 'shares'>): Observable<never> {
  return defer(() => from(shares.release())).pipe(ignoreElements());
}

/**
 * Beats for the lease at the rate of a standby, and for the shares at the rate of a holder. A reason triggers both
 * at once.
 */
function beatResults(deps: SharingDeps, sharing: Sharing): Observable<BeatResult> {
  const { leadership, leaseMs, redisConnected$, clock } = deps;
  const { shares } = sharing;
  let fullBeatAt = -Infinity;
  const tick$ = every({ intervalMs: Math.min(STANDBY_MS, leaseMs / BEATS_PER_LEASE) }).pipe(
    map(() => {
      // The limit is half a tick early, so that a slightly early tick does not skip a beat.
      const isDue = clock.steady() - fullBeatAt >= leaseMs / BEATS_PER_LEASE - STANDBY_MS / 2;
      if (isDue || shares.isDraining || (sharing.works && shares.size === 0)) return 'whole';
      return leadership.leads ? 'none' : 'lease';
    }),
    filter((what) => what !== 'none'),
  );
  const reason$ = merge(redisConnected$, leadership.refused$, shares.refused$).pipe(map(() => 'whole' as const));
  return merge(tick$, reason$).pipe(
    exhaustMap((what) => {
      if (what === 'whole') fullBeatAt = clock.steady();
      return runBeat(deps, sharing, what === 'whole');
    }),
  );
}

async function runBeat({ candidacy, leadership }: SharingDeps, sharing: Sharing, whole: boolean): Promise<BeatResult> {
  const { shares, fields, vantagePoint } = sharing;
  const leaseState = await candidacy.beat();
  sharing.works = sharesWork(leaseState, sharing.works);
  if (!whole) return { leaseState, works: sharing.works, report: undefined, moved: false };
  const report = await shares.beat(fields.now(), sharing.works && !vantagePoint.elsewhere);
  const { address } = report;
  const own = fields.ip;
  const moved =
    address !== undefined &&
    vantagePoint.update({ own, stored: address.storedIp, leader: address.leaderIp }, leadership.leads);
  return { leaseState, works: sharing.works, report, moved };
}

/**
 * Whether this process shares the work. It does so without a leader too, but not beside a scheduler that works
 * alone.
 */
function sharesWork(leaseState: LeaseState, before: boolean): boolean {
  switch (leaseState.kind) {
    case 'leads':
    case 'unwritten':
      return true;
    case 'standby':
      return leaseState.holder.shares;
    case 'unknown':
      return before || leaseState.vacant;
  }
}

function leads({ kind }: LeaseState): boolean {
  return kind === 'leads' || kind === 'unwritten';
}

function leaderEvent(leaseState: LeaseState, works: boolean, at: number): SchedulerEvent | undefined {
  if (leaseState.kind === 'standby' && works) return { kind: 'leader.other', at, holder: leaseState.holder };
  return toEvent(leaseState, at);
}

/** The events about the shares and the other replicas. */
function shareEvents({ clock }: Pick<Deps, 'clock'>, sharing: Sharing): OperatorFunction<BeatResult, SchedulerEvent> {
  return (result$) =>
    defer(() => {
      let members: ReadonlyMap<string, string> = new Map();
      let doubtful = false;
      return result$.pipe(
        mergeMap(({ report, moved }): readonly SchedulerEvent[] => {
          if (report === undefined) return [];
          const at = clock.wall();
          const { held, seen } = report;
          const events = [
            ...changedShareEvents(report, sharing, at),
            ...(moved ? elsewhereEvents(report, sharing, at) : []),
          ];
          if (report.doubtful !== doubtful) {
            doubtful = report.doubtful;
            events.push({ kind: doubtful ? 'shares.doubtful' : 'shares.renewed', at, held });
          }
          if (seen === undefined) return events;
          const now = new Map(seen.members.map(({ instance, name }) => [instance, name]));
          events.push(...memberEvents(members, now, at));
          members = now;
          const { ok, failed, isolated } = seen;
          return [...events, { kind: 'replicas.counted', at, replicas: now.size, ok, failed, isolated }];
        }),
      );
    });
}

function changedShareEvents({ held, gained, lost }: ShareReport, { shares }: Sharing, at: number): SchedulerEvent[] {
  return gained + lost === 0 ? [] : [{ kind: 'shares.changed', at, held, of: shares.count, gained, lost }];
}

function elsewhereEvents({ address }: ShareReport, { fields, vantagePoint }: Sharing, at: number): SchedulerEvent[] {
  const { ip = '' } = fields;
  if (!vantagePoint.elsewhere) return [{ kind: 'replica.returned', at, ip }];
  return [{ kind: 'replica.elsewhere', at, ip, stored: address?.storedIp ?? '' }];
}

/** The members that have joined and left. Members that existed at our own start have not joined. */
function memberEvents(
  before: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
  at: number,
): SchedulerEvent[] {
  if (before.size === 0) return [];
  const without = (some: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>) =>
    [...some].filter(([instance]) => !others.has(instance)).map(([instance, name]) => ({ at, instance, name }));
  return [
    ...without(now, before).map((one) => ({ kind: 'replica.joined', ...one }) as const),
    ...without(before, now).map((one) => ({ kind: 'replica.left', ...one }) as const),
  ];
}
