import {
  concat,
  connect,
  distinctUntilChanged,
  map,
  merge,
  NEVER,
  of,
  switchMap,
  take,
  takeUntil,
  type Observable,
} from 'rxjs';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import type { OnlineEvidence } from '../state/onlineEvidence.js';
import type { Outbox } from '../domain/announce/outbox.js';
import type { SchedulerEvent } from '../events.js';
import { ipSources } from '../sources/publicIp/sources.js';
import { announce } from '../streams/ip/announce.js';
import { asking } from '../streams/ip/askSource.js';
import { attempting } from '../streams/ip/attempt.js';
import { dampFlaps } from '../streams/ip/dampFlaps.js';
import { knownIp } from '../streams/ip/knownIp.js';
import { watchIp } from '../streams/ip/watchIp.js';
import type { Context } from './context.js';
import { announceRequest } from './requests.js';

export interface IpParts {
  readonly outbox: Outbox;
  readonly evidence: OnlineEvidence;
  readonly redisUp$: Observable<boolean>;
  readonly userAgent: string;
}

/** A lease outlasts its attempt by so much, for the settlement. */
const LEASE_MARGIN_MS = 10_000;

/** Our public IP watched, and every change of it announced: polls → votes → changes → every producer told. */
export function ipChanges(context: Context, parts: IpParts): Observable<SchedulerEvent> {
  const { clock, stop$ } = context;
  const event$ = ipEvents(context, parts).pipe(takeUntil(stop$));
  return event$.pipe(
    connect((ip$) => merge(ip$, ip$.pipe(knownIp(), dampFlaps(clock.wall, clock.steady), announcing(context, parts)))),
  );
}

/** What the watch says, under the settings of the moment; an override is the IP, and nothing is polled. */
function ipEvents({ config$, clock }: Context, { evidence, userAgent }: IpParts): Observable<SchedulerEvent> {
  // Other settings make other sources of the same names; lookups of the old ones may still be under way.
  const busy = new Set<string>();
  return config$.pipe(
    map(({ publicIp, network }) => ({ ...publicIp, allow: network.allow })),
    distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    switchMap((settings): Observable<SchedulerEvent> => {
      const { override, timeoutMs } = settings;
      if (override !== undefined) {
        return concat(of<SchedulerEvent>({ kind: 'ip.confirmed', at: clock.wall(), ip: override }), NEVER);
      }
      return watchIp({
        ...settings,
        sources: ipSources(settings, userAgent),
        ask: asking({ timeoutMs, busy }),
        evidence,
        wall: clock.wall,
        steady: clock.steady,
        random: Math.random,
      });
    }),
  );
}

function announcing({ config$, client, clock, stop$, explain }: Context, { outbox, redisUp$ }: IpParts) {
  const { wall, steady } = clock;
  const attempt = (config: Config) =>
    attempting({
      outbox,
      request: announceRequest(client(config), config, wall),
      timeoutMs: config.announce.timeoutMs,
      retry: config.announce.retry,
      allow: config.network.allow,
      wall,
      steady,
      random: Math.random,
      explain,
    });
  return announce({
    outbox,
    attempt: (claim) =>
      config$.pipe(
        take(1),
        switchMap((config) => attempt(config)(claim)),
      ),
    settings$: config$.pipe(
      map(({ announce: { concurrency, timeoutMs } }) => ({ concurrency, leaseMs: timeoutMs + LEASE_MARGIN_MS })),
      distinctUntilChanged((a, b) => isDeepStrictEqual(a, b)),
    ),
    redisUp$,
    stop$,
    wall,
    explain,
  });
}
