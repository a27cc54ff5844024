import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { problemsOf } from '#src/status/problems.js';
import type { Picture } from '#src/status/picture.js';
import { summaryOf, verdictOf, type Level } from '#src/status/verdict.js';
import { NOW, pictureOf } from '../support/status/pictures.js';

const MINUTE = 60_000;
const SINCE = NOW - 5 * MINUTE;
const told = (text: string, since = SINCE): Picture['configRejected'] => ({ since, text });

/** What each case is like, in the order in which they are looked at. */
const CASES: readonly (readonly [string, Level, Parameters<typeof pictureOf>[0], RegExp])[] = [
  ['stopped', 'bad', { stopped: true }, /^The scheduler is stopped\.$/],
  [
    'silent',
    'bad',
    { heartbeatAt: NOW - 30_000 },
    /^The scheduler has been silent for 30 s: .* from host node7, pid 7\.$/,
  ],
  [
    'redis-down',
    'bad',
    { redis: { up: false, since: SINCE } },
    /^Redis can't be used since \S+: checks go on from memory\.$/,
  ],
  [
    'standby',
    'notice',
    { role: 'standby', otherWorks: true },
    /^Standing by: another scheduler works on this registry\.$/,
  ],
  [
    'isolated',
    'bad',
    { isolated: [{ scope: 'public IPv4', since: SINCE }] },
    /^We seem to be offline since \S+: nobody answers over public IPv4\. No peer is blamed for it\.$/,
  ],
  [
    'starting',
    'notice',
    { round: { everFinished: false } },
    /^Starting \(for .*\): the first round is under way over 10 consumers\.$/,
  ],
  [
    'unjudged',
    'notice',
    { peers: { available: 0, pending: 3 } },
    /^3 consumers have no verdict yet: their first checks are due or under way\.$/,
  ],
  [
    'empty',
    'notice',
    { peers: { available: 0 } },
    /^The registry has no consumers yet: the API adds each one that calls it\.$/,
  ],
  [
    'none-callable',
    'bad',
    { peers: { available: 0, denied: 1, invalid: 2 } },
    /^None of the 3 consumers can be called: network\.allow forbids it, or they are malformed\.$/,
  ],
  [
    'cannot-call-out',
    'bad',
    { peers: { available: 1, unavailable: 9 }, callers: { count: 10, of: 10, lastAt: NOW } },
    /^We are called, but cannot call out: 1 of 10 consumers answer us\. An outgoing firewall is likely\.$/,
  ],
  [
    'not-called',
    'bad',
    { callers: { count: 0, of: 10, lastAt: NOW - 60 * MINUTE } },
    /^10 of 10 consumers answer us, but nobody has called us for 1 h: the port of 203\.0\.113\.7 is likely closed or not forwarded\.$/,
  ],
  [
    'many-failing',
    'notice',
    { peers: { available: 7, suspect: 2, unavailable: 1 }, failing: [{ reason: 'timeout', count: 3 }] },
    /^30% of the consumers fail at once \(3 of 10, mostly timeout\): the network, or a part of it\. We are online\.$/,
  ],
  [
    'ip-unknown',
    'bad',
    { ip: { value: undefined, unknown: told('dns: timeout') } },
    /^Our public IP can't be found since \S+: dns: timeout\.$/,
  ],
  [
    'announcing',
    'notice',
    { oldestOwingMs: MINUTE, producersKnow: { count: 3, of: 4 } },
    /^Well connected, and 203\.0\.113\.7, ours for .*, is being announced: 3 of 4 producers know it\.$/,
  ],
];

const PROBLEMS: readonly (readonly [string, Level, Parameters<typeof pictureOf>[0], RegExp])[] = [
  [
    'notify-failing',
    'bad',
    { failingNotifications: [{ since: SINCE, text: 'notify.0 (ntfy): http-403' }] },
    /^Notifications can't be delivered: notify\.0 \(ntfy\): http-403\.$/,
  ],
  [
    'redis-down',
    'bad',
    { redis: { up: false, since: SINCE, reason: 'refused', unwritten: 3 } },
    /^Redis can't be used: refused\. 3 results wait in memory\.$/,
  ],
  [
    'redis-refuses',
    'bad',
    { redisFailing: [{ since: SINCE, text: 'writing: OOM' }] },
    /^Redis refuses a part of the work: writing: OOM\.$/,
  ],
  [
    'isolated',
    'bad',
    { isolated: [{ scope: 'ULA', since: SINCE }] },
    /^No witness answers over ULA since \S+: failures there are held against nobody\.$/,
  ],
  [
    'family-missing',
    'bad',
    { missingFamilies: [{ family: 'IPv6', peers: 3, since: SINCE }] },
    /^This host has no IPv6 address, so its 3 IPv6 peers count as unreachable\.$/,
  ],
  [
    'not-called',
    'bad',
    { callers: { count: 1, of: 10, lastAt: SINCE } },
    /^They answer us, but only 1 of 10 consumers has called us lately; the last call came 5 min ago\.$/,
  ],
  [
    'cannot-call-out',
    'bad',
    { peers: { available: 1, unavailable: 9 } },
    /^They call us, but only 1 of 10 consumers answer us\.$/,
  ],
  [
    'ip-unknown',
    'notice',
    { ip: { unknown: told('dns: timeout') } },
    /^No source tells our public IP: dns: timeout\.$/,
  ],
  [
    'ip-disagreed',
    'notice',
    { ip: { disagreed: told('1.1.1.1, 2.2.2.2') } },
    /contradict each other: 1\.1\.1\.1, 2\.2\.2\.2\.$/,
  ],
  ['ip-unstable', 'bad', { ip: { held: told('1.1.1.1 waits') } }, /changes too often: 1\.1\.1\.1 waits\.$/],
  [
    'untold',
    'notice',
    { producersKnow: { count: 3, of: 4 } },
    /^1 of 4 producers has registered since our IP last changed/,
  ],
  [
    'announcement-stuck',
    'bad',
    { oldestOwingMs: 10 * MINUTE, producersKnow: { count: 3, of: 4 } },
    /^1 of 4 producers has not acknowledged our IP for 10 min\.$/,
  ],
  ['rounds-skipped', 'bad', { round: { skippingSince: SINCE } }, /^Rounds take longer than the interval/],
  ['no-round', 'bad', { round: { finishedAt: NOW - 5 * MINUTE } }, /^No round has ended for 5 min\.$/],
  [
    'many-failing',
    'notice',
    { peers: { available: 7, unavailable: 3 }, failing: [{ reason: 'timeout', count: 3 }] },
    /^3 of 10 consumers fail at once \(3 timeout\), while others answer\.$/,
  ],
  ['denied', 'bad', { peers: { denied: 2 }, denied: { private: 2 } }, /^2 consumers may not be called: 2 private\.$/],
  ['malformed', 'notice', { peers: { invalid: 1 } }, /^The registry has no valid address for 1 consumer\.$/],
  ['host-short', 'bad', { hostShortSince: SINCE }, /^This host is out of file descriptors, ports or memory/],
  [
    'clock-gap',
    'notice',
    { clockGap: { at: SINCE, gapMs: 9_000 } },
    /^The process stood still for 9 s; what was under way was not judged\.$/,
  ],
  ['config-rejected', 'bad', { configRejected: told('sync.interval: x') }, /is not valid: sync\.interval: x\.$/],
  [
    'elsewhere',
    'bad',
    { shares: { held: 0, of: 64, elsewhere: true } },
    /^The public IP of this replica is not the node's/,
  ],
  ['needs-restart', 'notice', { needsRestart: told('redis.url') }, /^New values wait for a restart: redis\.url\.$/],
];

describe('the verdict', () => {
  it('is well where nothing is wrong', () => {
    const verdict = verdictOf(pictureOf());
    expect(verdict).to.deep.equal({
      ...{ level: 'ok', case: 'well', problems: [] },
      summary: 'Well connected: 10 of 10 consumers answer, every producer knows 203.0.113.7.',
    });
    expect(verdictOf(pictureOf({ producersKnow: { count: 3, of: 4 } })).summary).to.match(/3 of 4 producers know 203/);
    expect(verdictOf(pictureOf({ producersKnow: undefined })).summary).to.match(/our address is 203/);
    expect(verdictOf(pictureOf({ ip: { value: undefined } })).summary).to.match(/our public IP is not known yet\.$/);
  });

  for (const [name, level, over, summary] of CASES) {
    it(`is ${name} where that is so`, () => {
      const verdict = verdictOf(pictureOf(over));
      expect(verdict).to.include({ case: name, level });
      expect(verdict.summary).to.match(summary);
    });
  }

  it('is none-answering where no judged consumer answers, and no other reason is known', () => {
    const refused = [{ reason: 'refused', count: 5 }];
    const cases: readonly (readonly [number, Picture['failing'], string])[] = [
      [1, refused, 'The only consumer does not answer (refused).'],
      [8, refused, 'None of the 8 consumers answers (mostly refused).'],
      [2, [], 'None of the 2 consumers answers.'],
    ];
    for (const [unavailable, failing, summary] of cases) {
      const picture = pictureOf({ peers: { available: 0, unavailable }, failing, callers: undefined });
      expect(summaryOf(picture)).to.deep.equal({ level: 'notice', case: 'none-answering', summary });
    }
  });

  it('supposes no firewall alone where the peers refuse the connection', () => {
    const picture = pictureOf({
      peers: { available: 0, unavailable: 1 },
      callers: { count: 1, of: 1, lastAt: NOW },
      failing: [{ reason: 'refused', count: 1 }],
    });
    const { summary, problems } = verdictOf(picture);
    expect(summary).to.equal(
      'We are called, but cannot call out: 0 of 1 consumer answers us. They refuse the connection: their APIs are stopped, or a firewall rejects it.',
    );
    expect(problems.map(({ advice }) => advice)).to.include(
      'The peers refuse the connection: check that their APIs run at sync.port, and the outgoing firewall.',
    );
  });

  it('is the first case that holds', () => {
    CASES.forEach(([name, , over], i) => {
      for (const [later, , other] of CASES.slice(i + 1)) {
        const both = { ...other, ...over };
        expect(verdictOf(pictureOf(both)).case, `${name} before ${later}`).to.equal(name);
      }
    });
  });

  it('is not made worse by what has not lasted, or is too little to say', () => {
    const fine: readonly Parameters<typeof pictureOf>[0][] = [
      { heartbeatAt: NOW - 29_999 },
      { peers: { available: 8, unavailable: 2 } },
      { peers: { available: 2, unavailable: 2 } },
      { callers: { count: 0, of: 10, lastAt: NOW }, startedAt: NOW - 3 * MINUTE + 1 },
      { callers: undefined },
      { callers: { count: 3, of: 10, lastAt: NOW } },
      { ip: { unknown: told('x') } },
    ];
    for (const over of fine) expect(verdictOf(pictureOf(over)).case, JSON.stringify(over)).to.equal('well');
  });

  it('never says of a standby that another one works where none is known to, nor that it checks without Redis', () => {
    const summary = (over: Parameters<typeof pictureOf>[0]) =>
      verdictOf(pictureOf({ role: 'standby', ...over })).summary;
    expect(summary({})).to.equal('Standing by: no scheduler works on this registry yet.');
    for (const otherWorks of [true, false]) {
      const away = { otherWorks, redis: { up: false, since: undefined } };
      expect(summary(away)).to.equal("Redis can't be used: this scheduler checks nothing until it is there.");
    }
  });

  it('is one sentence or two of one line in any case, with its noun in the right number', () => {
    for (const n of [0, 1, 2]) {
      const picture = pictureOf({ peers: { available: n }, round: { everFinished: false } });
      expect(verdictOf(picture).summary).to.match(
        n === 1 ? /over 1 consumer\.$/ : new RegExp(`over ${n} consumers\\.$`),
      );
    }
    for (const [name, , over] of CASES) expect(verdictOf(pictureOf(over)).summary, name).to.match(/^[^\n]{20,200}\.$/);
  });
});

describe('the problems', () => {
  for (const [code, level, over, text] of PROBLEMS) {
    it(`name ${code} where that is so, with what to do`, () => {
      const found = problemsOf(pictureOf(over)).filter((one) => one.code === code);
      expect(found.length).to.equal(1);
      expect(found[0]).to.include({ level });
      expect(found[0]?.text).to.match(text);
      expect(found[0]?.advice).to.match(/^[A-Z].*\.$/);
      const since = found[0]?.since ?? null;
      if (since !== null) expect(since).to.be.within(NOW - 60 * MINUTE, NOW);
    });
  }

  it('are all that the source knows', () => {
    const source = readFileSync(new URL('../../../src/status/problems.ts', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/(?:bad\(|notice\(|code:)\s*'([a-z-]+)'/g)].map(([, code = '']) => code);
    expect(new Set(PROBLEMS.map(([code]) => code))).to.deep.equal(new Set(codes));
  });

  it('tell first what has to be acted on', () => {
    const levels = problemsOf(
      pictureOf({ clockGap: { at: NOW, gapMs: 9_000 }, needsRestart: told('x'), hostShortSince: NOW }),
    );
    expect(levels.map(({ level }) => level)).to.deep.equal(['bad', 'notice', 'notice']);
  });

  it('say one of one', () => {
    const texts = [
      { redis: { up: false, unwritten: 1 } },
      { missingFamilies: [{ family: 'IPv4' as const, peers: 1, since: SINCE }] },
      { peers: { denied: 1 }, denied: { reserved: 1 } },
      { peers: { invalid: 1 } },
      { producersKnow: { count: 0, of: 1 } },
    ].flatMap((over) => problemsOf(pictureOf(over)).map(({ text }) => text));
    expect(texts.length).to.equal(5);
    for (const text of texts)
      expect(text).to.not.match(/\b1 (results|consumers|producers|IPv4 peers)\b|\b1 \w+ have\b/);
  });

  it('know when nothing can be done about those that are denied', () => {
    const [one] = problemsOf(pictureOf({ peers: { denied: 5 }, denied: { reserved: 5 } }));
    expect(one).to.include({ code: 'denied', level: 'notice' });
    expect(one?.advice).to.match(/never called/);
    const [few] = problemsOf(pictureOf({ peers: { available: 99, denied: 1 }, denied: { private: 1 } }));
    expect(few).to.include({ level: 'notice' });
    expect(few?.advice).to.match(/Add private to network\.allow/);
  });

  it('end with what they tell of', () => {
    const over: readonly Parameters<typeof pictureOf>[0][] = [
      { clockGap: { at: NOW - 10 * MINUTE, gapMs: 9_000 } },
      { round: { finishedAt: NOW - 185_000 } },
      { round: { finishedAt: NOW - 60 * MINUTE }, redis: { up: true }, intervalMs: undefined },
      { oldestOwingMs: 10 * MINUTE - 1, producersKnow: { count: 3, of: 4 } },
    ];
    for (const one of over) expect(problemsOf(pictureOf(one)), JSON.stringify(one)).to.deep.equal([]);
  });
});
