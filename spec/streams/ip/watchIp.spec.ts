import { expect } from 'chai';
import { defer, ignoreElements, map, tap, timer, type Observable } from 'rxjs';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import { watchIp } from '#src/streams/ip/watchIp.js';
import { marbles, type Marbles } from '../../support/marbles.js';

const A = '1.1.1.1';
const B = '8.8.8.8';

describe('watchIp', () => {
  type Said = string | undefined;

  /** What each source says in turn, the last thing for ever; and what came of it, one line an event. */
  function watching(
    { scheduler }: Marbles,
    script: Readonly<Record<string, readonly Said[]>>,
    over: Partial<Parameters<typeof watchIp>[0]> = {},
  ): { told$: Observable<string>; evidence: OnlineEvidence; atOnce: () => number } {
    const left = new Map(Object.entries(script).map(([name, said]) => [name, [...said]]));
    const sources = [...left.keys()].map((name): IpSource => ({
      name,
      remote: name !== 'local',
      lookup: () => Promise.reject(new Error('not used')),
    }));
    let underWay = 0;
    let most = 0;
    const ask = ({ name }: IpSource): Observable<IpAnswer> =>
      defer(() => {
        most = Math.max(most, (underWay += 1));
        return timer(1, scheduler).pipe(
          map((): IpAnswer => {
            underWay -= 1;
            const said = left.get(name) ?? [];
            const ip = said.length > 1 ? said.shift() : said[0];
            return ip === undefined ? { ok: false, reason: 'timeout' } : { ok: true, ip };
          }),
        );
      });
    const evidence = new OnlineEvidence();
    const event$ = watchIp({
      sources,
      ask,
      intervalMs: 100_000,
      quorum: 2,
      confirmations: 3,
      evidence,
      scope: 'public IPv4',
      wall: () => scheduler.now(),
      steady: () => scheduler.now(),
      random: () => 0.5,
      scheduler,
      announced: undefined,
      ...over,
    });
    return {
      told$: event$.pipe(map((event) => `${String(scheduler.now())} ${tell(event)}`)),
      evidence,
      atOnce: () => most,
    };
  }

  function tell(event: SchedulerEvent): string {
    switch (event.kind) {
      case 'ip.polled':
        return `${event.source} ${event.result}`;
      case 'ip.confirmed':
        return `is ${event.ip}`;
      case 'ip.disagreed':
        return `disagree ${event.answers.join(' ')}`;
      default:
        return event.kind;
    }
  }

  function collect(m: Marbles, told$: Observable<string>, untilMs: number, into: string[]): void {
    const line$ = told$.pipe(
      tap((line) => into.push(line)),
      ignoreElements(),
    );
    m.expectObservable(line$, `^ ${String(untilMs)}ms !`).toBe('');
    m.flush();
  }

  /** Asserts all that is told up to a moment; the frames are those of the lines themselves. */
  function expectTold(m: Marbles, told$: Observable<string>, untilMs: number, lines: readonly string[]): void {
    const seen: string[] = [];
    collect(m, told$, untilMs, seen);
    expect(seen).to.deep.equal(lines);
  }

  marbles('the first round asks every source, one after the other; then one is asked in turn', (m) => {
    const { told$, atOnce } = watching(m, { x: [A], y: [A] });
    expectTold(m, told$, 250_000, ['1 x ok', '2 y ok', `2 is ${A}`, '100003 x ok', '200004 y ok']);
    expect(atOnce()).to.equal(1);
  });

  marbles('an answer that differs starts a full round, its own vote kept', (m) => {
    const { told$ } = watching(m, { x: [A, B], y: [A, B] });
    expectTold(m, told$, 150_000, ['1 x ok', '2 y ok', `2 is ${A}`, '100003 x ok', '100004 y ok', `100004 is ${B}`]);
  });

  marbles('one liar changes nothing', (m) => {
    const { told$ } = watching(m, { x: [A, B, A], y: [A], z: [A] });
    expectTold(m, told$, 150_000, [
      '1 x ok',
      '2 y ok',
      '3 z ok',
      `3 is ${A}`,
      '100004 x ok',
      '100005 y ok',
      '100006 z ok',
      `100006 is ${A}`,
    ]);
  });

  marbles('two sources that differ disagree, and nothing is known by it', (m) => {
    const { told$ } = watching(m, { x: [A], y: [B] });
    expectTold(m, told$, 1_900, ['1 x ok', '2 y ok', `2 disagree ${A} ${B}`]);
  });

  marbles('below the quorum the same answer has to come three times, seconds apart', (m) => {
    const { told$ } = watching(m, { x: [A], y: [undefined] });
    expectTold(m, told$, 50_000, ['1 x ok', '2 y timeout', '2003 x ok', '4004 x ok', `4004 is ${A}`]);
  });

  marbles('a poll in vain is unknown, is tried again soon while nothing is known, and later again', (m) => {
    const { told$ } = watching(m, { x: [undefined], y: [undefined] });
    expectTold(m, told$, 7_000, [
      '1 x timeout',
      '2 y timeout',
      '2 ip.unknown',
      '2003 x timeout',
      '2004 y timeout',
      '2004 ip.unknown',
      '6005 x timeout',
      '6006 y timeout',
      '6006 ip.unknown',
    ]);
  });

  marbles('a failed poll asks the others, and one that bears out what is known is enough', (m) => {
    const { told$ } = watching(m, { x: [A, undefined], y: [A] });
    expectTold(m, told$, 150_000, [
      '1 x ok',
      '2 y ok',
      `2 is ${A}`,
      '100003 x timeout',
      '100004 y ok',
      `100004 is ${A}`,
    ]);
  });

  marbles('a source that failed rests, and is tried again', (m) => {
    const { told$ } = watching(m, { x: [A, undefined, A], y: [A] }, { intervalMs: 10_000 });
    const seen: string[] = [];
    collect(m, told$, 95_000, seen);
    const xs = seen.filter((line) => line.includes(' x '));
    // It failed at its first steady poll and rests for 30 s (half of 60 s, the middle of the jitter).
    expect(xs.map((line) => line.split(' ')[2])).to.deep.equal(['ok', 'timeout', 'ok', 'ok', 'ok']);
    const [, failedAt = 0, againAt = 0] = xs.map((line) => Number(line.split(' ')[0]));
    expect(againAt - failedAt).to.be.at.least(30_000);
  });

  marbles('an answer from outside is evidence that we are online, a local interface’s is not', (m) => {
    const outside = watching(m, { x: [A] });
    const inside = watching(m, { local: [A] });
    m.expectObservable(outside.told$, '^ 10ms !').toBe('-(ab)', { a: '1 x ok', b: `1 is ${A}` });
    m.expectObservable(inside.told$, '^ 10ms !').toBe('-(ab)', { a: '1 local ok', b: `1 is ${A}` });
    m.flush();
    expect([outside.evidence.generation('public IPv4'), inside.evidence.generation('public IPv4')]).to.deep.equal([
      1, 0,
    ]);
  });

  marbles('stops asking when nobody listens any more', (m) => {
    const asked$ = m.cold<IpAnswer>('-');
    const { told$ } = watching(m, { x: [A] }, { ask: () => asked$ });
    m.expectObservable(told$, '^--!').toBe('');
    m.expectSubscriptions(asked$.subscriptions).toBe('^--!');
  });
});
