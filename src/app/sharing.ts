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
import type { Standing } from '../leader/candidacy.js';
import type { ShareReport } from '../replicas/dividedShares.js';
import { every } from '../sources/every.js';
import { alongside } from '../streams/operators/alongside.js';
import type { Deps } from './deps.js';
import { BEATS_PER_LEASE, isSame, STANDBY_MS, toEvent } from './leading.js';
import type { Sharing } from './replica.js';

/** The halves of the mission: each replica has the first, and the leader the whole of the second. */
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
  | 'alarm'
  | 'clock'
  | 'config$'
  | 'stop$'
>;

/** What one beat came to. */
interface Pulse {
  readonly standing: Standing;
  readonly works: boolean;
  /** Undefined where only the lease was looked at. */
  readonly report: ShareReport | undefined;
  readonly moved: boolean;
}

/**
 * The work, shared with other replicas: the checks of the shares that are ours, and the public IP where we lead.
 * Standing by while a scheduler works that does not share.
 */
export function whileSharing(deps: SharingDeps, sharing: Sharing, halves: Halves): Observable<SchedulerEvent> {
  const { config$, stop$, book, undecided, alarm } = deps;
  const pulse$ = pulses(deps, sharing).pipe(share());
  const live$ = pulse$.pipe(takeUntil(stop$));
  const worked$ = live$.pipe(
    connect((beat$) => {
      const standing$ = beat$.pipe(
        distinctUntilChanged((a, b) => isSame(a.standing, b.standing) && a.works === b.works),
        tap(({ standing }) => {
          // A lease that had to be taken again may have gone with the announcements.
          if (standing.kind === 'leads') alarm.ring();
        }),
        map(({ standing, works }) => ofStanding(standing, works, deps.clock.wall())),
        filter((event) => event !== undefined),
      );
      const sync$ = beat$.pipe(
        map(({ works }) => works),
        distinctUntilChanged(),
        switchMap((works) => {
          if (works) return halves.sync$;
          for (const { entry } of undecided.clear()) book.end(entry.uuid);
          book.clear();
          return EMPTY;
        }),
      );
      const ip$ = beat$.pipe(
        map(({ standing, works }) => (works ? (leads(standing) ? 'leads' : 'watches') : 'none')),
        distinctUntilChanged(),
        switchMap((part) => (part === 'none' ? EMPTY : halves.ip(part === 'leads'))),
      );
      return merge(standing$, beat$.pipe(telling(deps, sharing)), sync$, ip$);
    }),
  );
  const followed$ = config$.pipe(
    tap(({ publicIp }) => {
      sharing.pollMs = publicIp.intervalMs;
    }),
    ignoreElements(),
  );
  // The lease and the shares are kept while what is in flight drains.
  return worked$.pipe(alongside(merge(pulse$.pipe(ignoreElements()), followed$)));
}

/** Gives the shares back at the end. */
export function releasingShares({ shares }: Pick<Sharing, 'shares'>): Observable<never> {
  return defer(() => from(shares.release())).pipe(ignoreElements());
}

/**
 * The lease is looked at as often as a standby does, the shares as often as a holder renews; both at once on a reason.
 */
function pulses(deps: SharingDeps, sharing: Sharing): Observable<Pulse> {
  const { leadership, leaseMs, redisConnected$, clock } = deps;
  const { shares } = sharing;
  let wholeAt = -Infinity;
  const tick$ = every({ intervalMs: Math.min(STANDBY_MS, leaseMs / BEATS_PER_LEASE) }).pipe(
    map(() => {
      // Half a tick early, so that one that comes a little too soon is not one too few.
      const isDue = clock.steady() - wholeAt >= leaseMs / BEATS_PER_LEASE - STANDBY_MS / 2;
      if (isDue || shares.isCeding || (sharing.works && shares.size === 0)) return 'whole';
      return leadership.leads ? 'none' : 'lease';
    }),
    filter((what) => what !== 'none'),
  );
  const reason$ = merge(redisConnected$, leadership.refused$, shares.refused$).pipe(map(() => 'whole' as const));
  return merge(tick$, reason$).pipe(
    exhaustMap((what) => {
      if (what === 'whole') wholeAt = clock.steady();
      return pulse(deps, sharing, what === 'whole');
    }),
  );
}

async function pulse({ candidacy, leadership }: SharingDeps, sharing: Sharing, whole: boolean): Promise<Pulse> {
  const { shares, fields, whereabouts } = sharing;
  const standing = await candidacy.beat();
  sharing.works = joins(standing, sharing.works);
  if (!whole) return { standing, works: sharing.works, report: undefined, moved: false };
  const report = await shares.beat(fields.now(), sharing.works && !whereabouts.elsewhere);
  const { address } = report;
  const own = fields.ip;
  const moved =
    address !== undefined &&
    whereabouts.look({ own, stored: address.storedIp, leader: address.leaderIp }, leadership.leads);
  return { standing, works: sharing.works, report, moved };
}

/** Whether we share the work: also where nobody leads, but not beside one that works alone. */
function joins(standing: Standing, before: boolean): boolean {
  switch (standing.kind) {
    case 'leads':
    case 'unwritten':
      return true;
    case 'standby':
      return standing.holder.shares;
    case 'unknown':
      return before || standing.vacant;
  }
}

function leads({ kind }: Standing): boolean {
  return kind === 'leads' || kind === 'unwritten';
}

function ofStanding(standing: Standing, works: boolean, at: number): SchedulerEvent | undefined {
  if (standing.kind === 'standby' && works) return { kind: 'leader.other', at, holder: standing.holder };
  return toEvent(standing, at);
}

/** What there is to tell of the shares and of the other replicas. */
function telling({ clock }: Pick<Deps, 'clock'>, sharing: Sharing): OperatorFunction<Pulse, SchedulerEvent> {
  return (pulse$) =>
    defer(() => {
      let members: ReadonlyMap<string, string> = new Map();
      let doubtful = false;
      return pulse$.pipe(
        mergeMap(({ report, moved }): readonly SchedulerEvent[] => {
          if (report === undefined) return [];
          const at = clock.wall();
          const { held, seen } = report;
          const events = [...ofShares(report, sharing, at), ...(moved ? ofPlace(report, sharing, at) : [])];
          if (report.doubtful !== doubtful) {
            doubtful = report.doubtful;
            events.push({ kind: doubtful ? 'shares.doubtful' : 'shares.renewed', at, held });
          }
          if (seen === undefined) return events;
          const now = new Map(seen.members.map(({ instance, name }) => [instance, name]));
          events.push(...ofMembers(members, now, at));
          members = now;
          const { ok, failed, isolated } = seen;
          return [...events, { kind: 'replicas.counted', at, replicas: now.size, ok, failed, isolated }];
        }),
      );
    });
}

function ofShares({ held, gained, lost }: ShareReport, { shares }: Sharing, at: number): SchedulerEvent[] {
  return gained + lost === 0 ? [] : [{ kind: 'shares.changed', at, held, of: shares.count, gained, lost }];
}

function ofPlace({ address }: ShareReport, { fields, whereabouts }: Sharing, at: number): SchedulerEvent[] {
  const { ip = '' } = fields;
  if (!whereabouts.elsewhere) return [{ kind: 'replica.returned', at, ip }];
  return [{ kind: 'replica.elsewhere', at, ip, stored: address?.storedIp ?? '' }];
}

/** The members that have joined and left; those that were there at our own start have not joined. */
function ofMembers(
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
