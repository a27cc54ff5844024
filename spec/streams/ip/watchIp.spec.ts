import { expect } from 'chai';
import { map, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { SourceBreaker } from '#src/state/sourceBreaker.js';
import { lookUpWithDeadline } from '#src/streams/ip/lookUpWithDeadline.js';
import { watchIp, type WatchIpOptions } from '#src/streams/ip/watchIp.js';
import { marbles, type Marbles } from '../../support/marbles.js';

const A = '1.1.1.1';
const B = '8.8.8.8';
const SCOPE = 'public IPv4';

/** What is told, one letter each; the moment of each event is checked to be that of its frame. */
const TOLD: Record<string, string> = {
  x: 'x ok',
  y: 'y ok',
  z: 'z ok',
  l: 'local ok',
  u: 'x timeout',
  v: 'y timeout',
  r: 'x http-429',
  q: 'x other',
  A: `is ${A} by x y`,
  a: `is ${A} by x`,
  b: `is ${A} by y`,
  o: `is ${A} by local`,
  t: `is ${A} by x y z`,
  B: `is ${B} by x y`,
  d: `disagree ${A} ${B}`,
  D: `disagree ${B} ${A}`,
  n: 'unknown: x timeout, y timeout',
  m: `unknown: x timeout, y timeout; ${A} stays`,
  w: 'unknown: x http-429',
  e: 'unknown: x other',
  '0': 'unknown',
  i: `online again: ${SCOPE}`,
};

describe('watchIp', () => {
  const answers: Record<string, IpAnswer> = {
    A: { ok: true, ip: A },
    B: { ok: true, ip: B },
    t: { ok: false, reason: 'timeout' },
    r: { ok: false, reason: 'http-429', retryAfterMs: 1_000 },
  };
  const lookUp = (m: Marbles, marbles: string) => m.cold(marbles, answers);

  const tell = (event: SchedulerEvent): string => {
    switch (event.kind) {
      case 'ip.polled':
        return `${event.source} ${event.result}`;
      case 'ip.confirmed':
        return `is ${event.ip} by ${event.agreed.join(' ')}`;
      case 'ip.disagreed':
        return `disagree ${event.answers.join(' ')}`;
      case 'ip.unknown': {
        const why = event.failures.map(({ source, reason }) => `${source} ${reason}`).join(', ');
        return `unknown${why === '' ? '' : `: ${why}`}${event.known === undefined ? '' : `; ${event.known} stays`}`;
      }
      case 'isolation.ended':
        return `online again: ${event.scope}`;
      default:
        return event.kind;
    }
  };

  /** Sources that give these answers in turn, the last one for ever, each a frame after it was asked. */
  function watching(m: Marbles, said: Readonly<Record<string, string>>, over: Partial<WatchIpOptions> = {}) {
    const { scheduler } = m;
    const names = Object.keys(said);
    const lookUps = new Map(
      names.map((name): [string, ReturnType<typeof lookUp>[]] => {
        return [name, (said[name]?.match(/./g) ?? []).map((one) => lookUp(m, `-(${one}|)`))];
      }),
    );
    const left = new Map([...lookUps].map(([name, all]) => [name, [...all]]));
    const known: (string | undefined)[] = [];
    const evidence = new OnlineEvidence();
    const event$ = watchIp({
      sources: names.map((name): IpSource => ({
        name,
        remote: name !== 'local',
        lookup: () => Promise.reject(new Error('not used')),
      })),
      ask: ({ name }, ip) => {
        known.push(ip);
        const all = left.get(name) ?? [];
        return (all.length > 1 ? all.shift() : all[0]) ?? m.cold<IpAnswer>('#');
      },
      announced: undefined,
      intervalMs: 10,
      quorum: 2,
      confirmations: 3,
      sourceBreaker: new SourceBreaker(over.random ?? (() => 0.5)),
      evidence,
      scope: SCOPE,
      wall: () => scheduler.now(),
      steady: () => scheduler.now(),
      random: () => 0.5,
      scheduler,
      ...over,
    });
    const told$ = event$.pipe(
      map((event) => {
        expect('at' in event && event.at, tell(event)).to.equal(scheduler.now());
        return tell(event);
      }),
    );
    /** When each lookup of a source was under way. */
    const expectAsked = (name: string, ...subs: readonly string[][]): void => {
      lookUps.get(name)?.forEach(({ subscriptions }, i) => {
        m.expectSubscriptions(subscriptions).toBe(subs[i] ?? []);
      });
    };
    return { told$, expectAsked, evidence, known };
  }

  const expectTold = (m: Marbles, told$: Observable<string>, expected: string, unsub: string): void => {
    m.expectObservable(told$, unsub).toBe(expected, TOLD);
  };

  marbles(
    'a first answer that is new counts at once where many agree; where confirmFirst is set it has to come again',
    (m) => {
      const bold = watching(m, { x: 'B', y: 'B' }, { announced: A });
      expectTold(m, bold.told$, '-x(yB)', '^--!');
      const confirmFirst = watching(m, { x: 'B', y: 'B' }, { announced: A, confirmFirst: true, confirmations: 2 });
      expectTold(m, confirmFirst.told$, '-xy 2000ms x(yB)', '^ 2004ms !');
    },
  );

  marbles('with confirmFirst it believes what was announced, and what is new where nothing was, at once', (m) => {
    const same = watching(m, { x: 'A', y: 'A' }, { announced: A, confirmFirst: true });
    expectTold(m, same.told$, '-x(yA)', '^--!');
    const first = watching(m, { x: 'A', y: 'A' }, { confirmFirst: true });
    expectTold(m, first.told$, '-x(yA)', '^--!');
  });

  marbles('with confirmFirst it begins to count anew where another answer comes between', (m) => {
    const { told$ } = watching(m, { x: 'BtB', y: 'BtB' }, { announced: A, confirmFirst: true, confirmations: 2 });
    expectTold(m, told$, '-xy 2000ms u(vn) 7ms xy', '^ 2017ms !');
  });

  marbles('the first round asks every source, one after the other; then one is asked in turn', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'A', y: 'A' });
    const xSubs = ['  ^!', ' ------------^!'];
    const ySubs = ['  -^!', '-----------------------^!'];
    const expected = '-x(yA)-------x----------y';
    const unsub = '   ^---------------------------!';

    expectTold(m, told$, expected, unsub);
    expectAsked('x', xSubs);
    expectAsked('y', ySubs);
  });

  marbles('an answer that differs starts a full round, its own vote kept', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'AB', y: 'AB' });
    const xSubs = [['^!'], ['------------^!']];
    const ySubs = [['-^!'], ['-------------^!']];
    const expected = '-x(yA)-------x(yB)';
    const unsub = '   ^-----------------!';

    expectTold(m, told$, expected, unsub);
    expectAsked('x', ...xSubs);
    expectAsked('y', ...ySubs);
  });

  marbles('one liar changes nothing', (m) => {
    const { told$ } = watching(m, { x: 'ABA', y: 'A', z: 'A' });
    const expected = '-xy(zt)-------xy(zg)-------y';
    const unsub = '   ^---------------------------!';

    m.expectObservable(told$, unsub).toBe(expected, { ...TOLD, g: `is ${A} by y z` });
  });

  marbles('two sources that differ disagree, and nothing is known by it', (m) => {
    const { told$ } = watching(m, { x: 'A', y: 'B' });
    const expected = '-x(yd)-------x(yd)';
    const unsub = '   ^-----------------!';

    expectTold(m, told$, expected, unsub);
  });

  marbles('sources that disagree leave what is known as it is', (m) => {
    const { told$, known } = watching(m, { x: 'AB', y: 'A' });
    const expected = '-x(yA)-------x(yD)-------y(xd)';
    const unsub = '   ^--------------------------!';

    expectTold(m, told$, expected, unsub);
    m.flush();
    expect(known.slice(2)).to.deep.equal([A, A, A, A]);
  });

  marbles('the end of a disagreement is told once all are asked and agree again', (m) => {
    const { told$ } = watching(m, { x: 'ABA', y: 'A' });
    const expected = '-x(yA)-------x(yD)-------y(xk)-------x';
    const unsub = '   ^-------------------------------------!';

    m.expectObservable(told$, unsub).toBe(expected, { ...TOLD, k: `is ${A} by y x` });
  });

  marbles(
    'the end of an outage is told though the address is the one that was known, and the next outage anew',
    (m) => {
      const { told$ } = watching(m, { x: 'AtAt', y: 'AtAt' });
      const expected = '-x(yA)-------u(vm)-------y(xk)-------u(vm)';
      const unsub = '   ^----------------------------------------!';

      m.expectObservable(told$, unsub).toBe(expected, { ...TOLD, k: `is ${A} by y x` });
    },
  );

  marbles('a full round asks those that rest as well: one that recovered decides nothing alone', (m) => {
    const { told$ } = watching(m, { x: 'AtA', y: 'AtB' });
    const expected = '-x(yA)-------u(vm)-------y(xD)';
    const unsub = '   ^----------------------------!';

    expectTold(m, told$, expected, unsub);
  });

  marbles('a full round leaves out a source that asked to be left alone, and names it among those that fail', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'At', y: 'Ar' });
    const expected = '-x(yA)-------u(rs)-------(us)';
    const unsub = '   ^-------------------------!';
    const values = { ...TOLD, r: 'y http-429', s: `unknown: x timeout, y http-429; ${A} stays` };

    m.expectObservable(told$, unsub).toBe(expected, values);
    expectAsked('y', ['-^!'], ['-------------^!']);
  });

  marbles('below the quorum the same answer has to come three times, two seconds apart', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'A', y: 't' }, { intervalMs: 60_000 });
    const xSubs = ['  ^!', '2002ms ^!', '4004ms ^!'];
    const ySubs = ['  -^!', '2003ms ^!', '4005ms ^!'];
    const expected = '-xv 2000ms xv 2000ms x(va)';
    const unsub = '   ^ 10s !';

    expectTold(m, told$, expected, unsub);
    expectAsked('x', xSubs);
    expectAsked('y', ySubs);
  });

  marbles('below the quorum another answer begins to count anew, and names who gave it', (m) => {
    const { told$ } = watching(m, { x: 'BAtt', y: 'ttAA', z: 't' }, { random: () => 0, intervalMs: 60_000 });
    // Whoever fails rests for no time at all here, so that all are asked each time.
    const expected = '-xvk 2000ms xvk 2000ms uyk 2000ms uy(kA)';
    const unsub = '   ^ 10s !';

    m.expectObservable(told$, unsub).toBe(expected, { ...TOLD, k: 'z timeout' });
  });

  marbles('a poll in vain is unknown, and is tried again soon while nothing is known, later and later', (m) => {
    const { told$ } = watching(m, { x: 't', y: 't' }, { intervalMs: 9_000 });
    const expected = '-u(vn) 1997ms u(vn) 3997ms u(vn) 7997ms u(vn) 8997ms u(vn)';
    const unsub = '   ^ 24s !';

    expectTold(m, told$, expected, unsub);
  });

  marbles('a failed poll asks the others, and one that bears out what is known is enough', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'At', y: 'A' });
    const ySubs = ['  -^!', ' -------------^!', ' ------------------------^!'];
    const expected = '-x(yA)-------u(yb)-------y';
    const unsub = '   ^--------------------------!';

    expectTold(m, told$, expected, unsub);
    expectAsked('y', ySubs);
  });

  marbles('polls in vain change nothing that is known, and are no more eager for that', (m) => {
    const { told$ } = watching(m, { x: 'At', y: 'At' });
    const expected = '-x(yA)-------u(vm)-------v(um)';
    const unsub = '   ^----------------------------!';

    expectTold(m, told$, expected, unsub);
  });

  marbles('a source that failed rests, and is tried again', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'AtA', y: 'A' }, { intervalMs: 20_000 });
    // It rests for 30 s, half of a minute, the middle of the jitter.
    const expected = '-x(yA) 19997ms u(yb) 19997ms y 20s x';
    const xSubs = [['^!'], ['20002ms ^!'], ['60005ms ^!']];
    const unsub = '   ^ 70s !';

    expectTold(m, told$, expected, unsub);
    expectAsked('x', ...xSubs);
  });

  marbles('a source that asks to be left alone is, though there is no other', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'r' }, { random: () => 0 });
    // It asks for a second; meanwhile nobody is asked, and nothing is known.
    const expected = '-(rw)-----w--------w--------w';
    const unsub = '   ^----------------------------!';

    expectTold(m, told$, expected, unsub);
    expectAsked('x', ['^!']);
  });

  marbles('a poll comes early or late by a tenth of the interval', (m) => {
    const early = watching(m, { x: 'A' }, { intervalMs: 1_000, random: () => 0 });
    const late = watching(m, { x: 'A' }, { intervalMs: 1_000, random: () => 1 });

    expectTold(m, early.told$, '-(xa)  897ms x  900ms x', '^ 2s !');
    expectTold(m, late.told$, ' -(xa) 1097ms x 1100ms x', '^ 2500ms !');
  });

  marbles('a single source is its own quorum', (m) => {
    const { told$ } = watching(m, { x: 'A' });

    expectTold(m, told$, '-(xa)', '^---!');
  });

  marbles('an answer from outside is evidence that we are online, a local interface’s is not', (m) => {
    const outside = watching(m, { x: 'A' });
    const inside = watching(m, { local: 'A' });

    expectTold(m, outside.told$, '-(xa)', '^---!');
    expectTold(m, inside.told$, ' -(lo)', '^---!');
    m.flush();
    expect([outside.evidence, inside.evidence].map((one) => one.generation(SCOPE))).to.deep.equal([1, 0]);
  });

  marbles('an answer from outside ends an isolation', (m) => {
    const { told$, evidence } = watching(m, { x: 'A' });
    evidence.recordSilence(SCOPE, 2);

    expectTold(m, told$, '-(xia)', '^----!');
  });

  marbles('sources are told which IP was announced, and then which one is known', (m) => {
    const { told$, known } = watching(m, { x: 'A', y: 'A' }, { announced: B });

    expectTold(m, told$, '-x(yA)-------x', '^--------------!');
    m.flush();
    expect(known).to.deep.equal([B, B, A]);
  });

  marbles('a source that says nothing at all is passed over', (m) => {
    const { told$ } = watching(m, { x: 'A', y: 'A' }, { ask: () => m.cold<IpAnswer>('-|') });

    // One empty round after the other, each of two lookups.
    expectTold(m, told$, '--0', '^--------!');
  });

  marbles('waits for a lookup for as long as that takes, and asks nobody else meanwhile', (m) => {
    const silent$ = m.cold<IpAnswer>('-');
    const asked: string[] = [];
    const ask = ({ name }: IpSource) => {
      asked.push(name);
      return silent$;
    };
    const { told$ } = watching(m, { x: 'A', y: 'A' }, { ask });
    const unsub = ' ^ 60s !';

    expectTold(m, told$, '', unsub);
    m.expectSubscriptions(silent$.subscriptions).toBe(unsub);
    m.flush();
    expect(asked).to.deep.equal(['x']);
  });

  marbles('under a deadline a silent source is one that failed, and so is one that breaks', (m) => {
    const under = (answer$: Observable<IpAnswer>) =>
      watching(
        m,
        { x: '' },
        { ask: lookUpWithDeadline({ lookUp: () => answer$, timeoutMs: 3, epoch: () => 0, scheduler: m.scheduler }) },
      );
    const silent$ = m.cold<IpAnswer>('-');

    m.expectObservable(under(silent$).told$, '^-----!').toBe('---(un)', { ...TOLD, n: 'unknown: x timeout' });
    m.expectSubscriptions(silent$.subscriptions).toBe(['^--!']);
    expectTold(m, under(m.cold<IpAnswer>('-#')).told$, '-(qe)', '^-----!');
  });

  marbles('asks nobody before it is subscribed, and stops when nobody listens any more', (m) => {
    const { told$, expectAsked } = watching(m, { x: 'A', y: 'A' });
    const xSubs = [' --^!'];
    const ySubs = [' ---^'];
    const unsub = ' --^-!';

    expectTold(m, told$, '---x', unsub);
    expectAsked('x', xSubs);
    expectAsked(
      'y',
      ySubs.map((diagram) => `${diagram}!`),
    );
  });

  marbles('begins anew for each subscriber', (m) => {
    const { told$ } = watching(m, { x: 'A' });

    expectTold(m, told$, '-(xa)', '^--!');
    expectTold(m, told$, '-----(xa)', '----^--!');
  });
});
