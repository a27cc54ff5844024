import { STUCK_MS } from '../domain/announce/terms.js';
import { clockTime, span } from '../domain/text/ago.js';
import type { Picture } from './picture.js';
import {
  answering,
  consumers,
  failingAtLarge,
  mostAreRefused,
  oneWay,
  resultsWait,
  share,
  shareDoing,
  thousands,
} from './shares.js';

/** A problem: what is wrong, since when, and the remedy. */
export interface Problem {
  /** Stable name, for other programs. */
  readonly code: string;
  /** `notice` if no action is needed. */
  readonly level: 'notice' | 'bad';
  /** Unix milliseconds; null if unknown. */
  readonly since: number | null;
  readonly text: string;
  readonly advice: string;
}

/** How long a clock gap stays a problem. */
const GAP_SHOWN_MS = 10 * 60_000;
/** A round that has not ended for this many intervals is late. */
const LATE_INTERVALS = 3;
/** The fraction of consumers above which denied ones are a problem. */
const MAX_DENIED = 0.05;

/** All current problems, those that need action first. */
export function problemsOf(picture: Picture): readonly Problem[] {
  const found = FINDERS.flatMap((find) => find(picture));
  return [...found.filter(({ level }) => level === 'bad'), ...found.filter(({ level }) => level === 'notice')];
}

type Finder = (picture: Picture) => readonly Problem[];

const FINDERS: readonly Finder[] = [
  redis,
  line,
  families,
  oneSided,
  publicIp,
  announcements,
  rounds,
  peers,
  replicas,
  host,
  config,
  notifications,
];

function redis({ redis: { up, since, reason, unwritten }, redisFailing }: Picture): readonly Problem[] {
  if (!up) {
    return [
      bad(
        'redis-down',
        since,
        `Redis can't be used${reason === undefined ? '' : `: ${reason}`}. ${resultsWait(unwritten)} in memory.`,
        'Check that Redis runs and that redis.url is right; nothing is lost meanwhile, but no IP change is announced.',
      ),
    ];
  }
  return redisFailing.map(({ since: began, text }) =>
    bad('redis-refuses', began, `Redis refuses a part of the work: ${text}.`, 'Run `consumer-scheduler doctor`.'),
  );
}

function line({ isolated, now }: Picture): readonly Problem[] {
  return isolated.map(({ scope, since }) =>
    bad(
      'isolated',
      since,
      `No witness answers${scope === undefined ? '' : ` over ${scope}`}${since === undefined ? '' : ` since ${clockTime(since, now)}`}: failures there are held against nobody.`,
      'Check this host: its line, its router, its DNS, and its firewall.',
    ),
  );
}

function families({ missingFamilies }: Picture): readonly Problem[] {
  return missingFamilies.map(({ family, peers: n, since }) =>
    bad(
      'family-missing',
      since,
      `This host has no ${family} address, so its ${thousands(n)} ${family} ${n === 1 ? 'peer counts' : 'peers count'} as unreachable.`,
      `Give this host an ${family} address, or let the registry hold no ${family} peers.`,
    ),
  );
}

function oneSided(picture: Picture): readonly Problem[] {
  const found = oneWay(picture);
  if (found === undefined || picture.callers === undefined) return [];
  const { callers, now } = picture;
  if (found === 'not-called') {
    return [
      bad(
        'not-called',
        callers.lastAt,
        `They answer us, but only ${share(callers)} ${have(callers.count)} called us lately; the last call came ${span(now - callers.lastAt)} ago.`,
        'Check that the API runs, and that its port is open in the firewall and forwarded by the router (NAT).',
      ),
    ];
  }
  return [
    bad(
      'cannot-call-out',
      undefined,
      `They call us, but only ${shareDoing('answer', answering(picture))} us.`,
      mostAreRefused(picture)
        ? 'The peers refuse the connection: check that their APIs run at sync.port, and the outgoing firewall.'
        : 'Check that this host may open connections to its peers at sync.port (outgoing firewall, proxy).',
    ),
  ];
}

function publicIp({ ip }: Picture): readonly Problem[] {
  const found: Problem[] = [];
  if (ip.unknown !== undefined) {
    found.push({
      code: 'ip-unknown',
      level: ip.value === undefined ? 'bad' : 'notice',
      since: ip.unknown.since,
      text: `No source tells our public IP: ${ip.unknown.text}.`,
      advice: 'Check DNS and HTTPS of this host, add a source to publicIp.sources, or set publicIp.override.',
    });
  }
  if (ip.disagreed !== undefined) {
    found.push(
      notice(
        'ip-disagreed',
        ip.disagreed.since,
        `The sources of the public IP contradict each other: ${ip.disagreed.text}.`,
        'Nothing is announced until they agree; a second line or a VPN is the usual cause: set publicIp.override.',
      ),
    );
  }
  if (ip.held !== undefined) {
    found.push(
      bad(
        'ip-unstable',
        ip.held.since,
        `The public IP changes too often: ${ip.held.text}.`,
        'Ask the provider, or set publicIp.override to the address that holds.',
      ),
    );
  }
  return found;
}

function announcements({ oldestOwingMs, producersKnow, now }: Picture): readonly Problem[] {
  if (producersKnow === undefined || producersKnow.count === producersKnow.of) return [];
  const count = producersKnow.of - producersKnow.count;
  const left = `${share({ count, of: producersKnow.of }, 'producer')} ${have(count)}`;
  if (oldestOwingMs === undefined) {
    return [
      notice(
        'untold',
        undefined,
        `${left} registered since our IP last changed, and ${count === 1 ? 'is' : 'are'} not told it.`,
        'Set announce.newcomers, if they should be; the API of a node usually tells them.',
      ),
    ];
  }
  if (oldestOwingMs < STUCK_MS) return [];
  return [
    bad(
      'announcement-stuck',
      now - oldestOwingMs,
      `${left} not acknowledged our IP for ${span(oldestOwingMs)}.`,
      'They are tried again for as long as they are registered; see `peers list producer` for the reasons.',
    ),
  ];
}

function rounds({ round, intervalMs, now, redis: { up } }: Picture): readonly Problem[] {
  const found: Problem[] = [];
  if (round.skippingSince !== undefined) {
    found.push(
      bad(
        'rounds-skipped',
        round.skippingSince,
        'Rounds take longer than the interval, so that some are skipped.',
        'Raise sync.concurrency or sync.interval, or lower sync.timeout.',
      ),
    );
  }
  const { finishedAt } = round;
  if (
    up &&
    finishedAt !== undefined &&
    intervalMs !== undefined &&
    now - finishedAt > LATE_INTERVALS * intervalMs + 5_000
  ) {
    found.push(
      bad(
        'no-round',
        finishedAt,
        `No round has ended for ${span(now - finishedAt)}.`,
        'A round over so many peers may take long; else report this with the log.',
      ),
    );
  }
  return found;
}

function peers(picture: Picture): readonly Problem[] {
  const { peers: counts, denied, failing, isolated } = picture;
  const found: Problem[] = [];
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const large = failingAtLarge(picture);
  if (large !== undefined && isolated.length === 0) {
    const why = failing.slice(0, 3).map(({ reason, count }) => `${thousands(count)} ${reason}`);
    found.push(
      notice(
        'many-failing',
        undefined,
        `${thousands(large.count)} of ${consumers(large.of)} fail at once${why.length === 0 ? '' : ` (${why.join(', ')})`}, while others answer.`,
        'Nothing to do where it is the network; wait.',
      ),
    );
  }
  if (counts.denied > 0) {
    const { reserved = 0, ...classes } = denied;
    const named = [...Object.entries(classes), ['reserved', reserved] as const].filter(([, n]) => n > 0);
    const allowed = Object.keys(classes).join(', ');
    found.push({
      code: 'denied',
      level: counts.denied / total > MAX_DENIED && allowed !== '' ? 'bad' : 'notice',
      since: null,
      text: `${consumers(counts.denied)} may not be called: ${named.map(([name, n]) => `${thousands(n)} ${name}`).join(', ')}.`,
      advice:
        allowed === ''
          ? 'Such addresses are never called; the API should not register them.'
          : `Add ${allowed} to network.allow, if these peers are to be called.`,
    });
  }
  if (counts.invalid > 0) {
    found.push(
      notice(
        'malformed',
        undefined,
        `The registry has no valid address for ${consumers(counts.invalid)}.`,
        'See `peers list consumer --state invalid`; the API should register an IP literal for each.',
      ),
    );
  }
  return found;
}

function replicas({ shares }: Picture): readonly Problem[] {
  if (shares?.elsewhere !== true) return [];
  return [
    bad(
      'elsewhere',
      undefined,
      "The public IP of this replica is not the node's, so it has given up its shares: peers would take the address of its calls for ours.",
      'Give all replicas one public IP, or set publicIp.override to the same on all.',
    ),
  ];
}

function host({ hostShortSince, clockGap, now }: Picture): readonly Problem[] {
  const found: Problem[] = [];
  if (hostShortSince !== undefined) {
    found.push(
      bad(
        'host-short',
        hostShortSince,
        'This host is out of file descriptors, ports or memory, so that calls fail before they leave it.',
        'Raise the descriptor limit (ulimit -n, LimitNOFILE), or lower sync.concurrency.',
      ),
    );
  }
  if (clockGap !== undefined && now - clockGap.at < GAP_SHOWN_MS) {
    found.push(
      notice(
        'clock-gap',
        clockGap.at,
        `The process stood still for ${span(clockGap.gapMs)}; what was under way was not judged.`,
        'Nothing to do after a suspension; else this host is overloaded.',
      ),
    );
  }
  return found;
}

function notifications({ failingNotifications }: Picture): readonly Problem[] {
  return failingNotifications.map(({ since, text }) =>
    bad(
      'notify-failing',
      since,
      `Notifications can't be delivered: ${text}.`,
      'Run `consumer-scheduler notify test`; docs/alerts.md says what a receiver needs.',
    ),
  );
}

function config({ configRejected, needsRestart }: Picture): readonly Problem[] {
  const found: Problem[] = [];
  if (configRejected !== undefined) {
    found.push(
      bad(
        'config-rejected',
        configRejected.since,
        `The configuration file was changed, and is not valid: ${configRejected.text}.`,
        'Correct it (`check-config` names every bad key); the one before stays in force.',
      ),
    );
  }
  if (needsRestart !== undefined) {
    found.push(
      notice(
        'needs-restart',
        needsRestart.since,
        `New values wait for a restart: ${needsRestart.text}.`,
        'Restart the scheduler when it suits you.',
      ),
    );
  }
  return found;
}

function have(n: number): string {
  return n === 1 ? 'has' : 'have';
}

function bad(code: string, since: number | undefined, text: string, advice: string): Problem {
  return { code, level: 'bad', since: since ?? null, text, advice };
}

function notice(code: string, since: number | undefined, text: string, advice: string): Problem {
  return { code, level: 'notice', since: since ?? null, text, advice };
}
