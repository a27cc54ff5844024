import { NEVER, type Observable } from 'rxjs';
import { redisHealth, type RedisHealth } from '#src/sources/redisHealth.js';
import { marbles, type Marbles } from '../support/marbles.js';

describe('redisHealth', () => {
  const up: RedisHealth = { up: true };
  const down: RedisHealth = { up: false, reason: 'gone' };
  const values = { u: up, d: down };

  /** The health by what the pings come to, one after the other; the last one stays. */
  const health = (m: Marbles, ...pings: Observable<unknown>[]) => healthWith(m, NEVER, pings);
  const healthWith = ({ scheduler }: Marbles, lost$: Observable<unknown>, pings: readonly Observable<unknown>[]) => {
    let n = 0;
    const ping = (): Observable<unknown> => {
      const ping$ = pings[Math.min(n, pings.length - 1)];
      n += 1;
      if (ping$ === undefined) throw new Error('no connection');
      return ping$;
    };
    return redisHealth(ping, lost$, (error) => (error as Error).message, scheduler);
  };
  const gone = ({ cold }: Marbles, diagram: string) => cold<unknown>(diagram, {}, new Error('gone'));

  marbles('is up with the first answer, which is told once, and asked for every two seconds from then on', (m) => {
    const ping$ = m.cold('-(p|)');
    const pingSubs = ['   ^!', '2000ms ^!', '4000ms ^!'];
    const unsub = '       ^ 5999ms !';
    const expected = '    -u';

    m.expectObservable(health(m, ping$), unsub).toBe(expected, values);
    m.expectSubscriptions(ping$.subscriptions).toBe(pingSubs);
  });

  marbles('one failure alone is no outage, and is looked into at once', (m) => {
    const good$ = m.cold(' (p|)');
    const bad$ = gone(m, ' -#');
    const badSubs = '      2000ms ^!';
    const again$ = m.cold('(p|)');
    const againSubs = '    2251ms (^!)';
    const expected = '     u';

    m.expectObservable(health(m, good$, bad$, again$, m.cold('-')), '^ 3999ms !').toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
    m.expectSubscriptions(again$.subscriptions).toBe(againSubs);
  });

  marbles('is down with the second failure in a row, and up again with the first answer', (m) => {
    const good$ = m.cold('(p|)');
    const bad$ = gone(m, '-#');
    const badSubs = ['    2000ms ^!', '2251ms ^!', '2502ms ^!'];
    const back$ = m.cold('-(p|)');
    const expected = '    u 2251ms d 501ms u';

    m.expectObservable(health(m, good$, bad$, bad$, bad$, back$), '^ 2999ms !').toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
  });

  marbles('is down from the start where there is no answer from the start', (m) => {
    const bad$ = gone(m, '#');
    const badSubs = ['    (^!)', '250ms (^!)', '500ms (^!)', '750ms (^!)'];
    const unsub = '       ^ 999ms !';
    const expected = '    250ms d';

    m.expectObservable(health(m, bad$), unsub).toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
  });

  marbles(
    'a connection that has ended is looked into a little later, and is no outage where the next one answers',
    (m) => {
      const lost$ = m.hot('    230ms l 499ms l 299ms l');
      const good$ = m.cold('   (p|)');
      const bad$ = gone(m, '   -#');
      const badSubs = '        480ms ^!';
      const again$ = m.cold('  (p|)');
      const againSubs = ['     731ms (^!)', '1280ms (^!)'];
      const expected = '       u';

      const health$ = healthWith(m, lost$, [good$, bad$, again$]);
      m.expectObservable(health$, '^ 1999ms !').toBe(expected, values);
      m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
      m.expectSubscriptions(again$.subscriptions).toBe(againSubs);
    },
  );

  marbles('an outage that a connection ended with is told half a second later', (m) => {
    const lost$ = m.hot('230ms l 49ms l 49ms l');
    const good$ = m.cold('(p|)');
    const bad$ = gone(m, '#');
    const badSubs = ['   580ms (^!)', '830ms (^!)', '1080ms (^!)'];
    const expected = '   u 829ms d';

    m.expectObservable(healthWith(m, lost$, [good$, bad$]), '^ 1299ms !').toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
  });

  marbles('connections that end during an outage add no pings', (m) => {
    const lost$ = m.hot('lllllllllllll');
    const bad$ = gone(m, '#');
    const badSubs = ['   (^!)', '250ms (^!)', '500ms (^!)'];
    const expected = '   250ms d';

    m.expectObservable(healthWith(m, lost$, [bad$]), '^ 699ms !').toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
  });

  marbles('failures that an answer came between do not add up', (m) => {
    const good$ = m.cold('(p|)');
    const bad$ = gone(m, '#');
    const expected = '    u';

    const pings = [good$, bad$, good$, bad$, good$, good$];

    m.expectObservable(health(m, ...pings), '^ 6s !').toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(['2000ms (^!)', '4000ms (^!)']);
  });

  marbles('an outage that is over is forgotten: one failure alone is none again', (m) => {
    const good$ = m.cold('(p|)');
    const bad$ = gone(m, '#');
    const badSubs = ['    (^!)', '250ms (^!)', '2000ms (^!)'];
    const expected = '    250ms d 249ms u';

    m.expectObservable(health(m, bad$, bad$, good$, bad$, good$), '^ 3s !').toBe(expected, values);
    m.expectSubscriptions(bad$.subscriptions).toBe(badSubs);
  });

  marbles('what a slow ping kept from being asked is not made up for', (m) => {
    const slow$ = m.cold('2100ms (p|)');
    const slowSubs = ['   ^ 2099ms !', '4000ms ^ 2099ms !'];
    const unsub = '       ^ 7000ms !';
    const expected = '    2100ms u';

    m.expectObservable(health(m, slow$), unsub).toBe(expected, values);
    m.expectSubscriptions(slow$.subscriptions).toBe(slowSubs);
  });

  marbles('a ping that is not answered yet is the only one', (m) => {
    const silent$ = m.cold('-');
    const unsub = '         ^ 2999ms !';
    const expected = '      ---';

    m.expectObservable(health(m, silent$), unsub).toBe(expected);
    m.expectSubscriptions(silent$.subscriptions).toBe(unsub);
  });

  marbles('a ping that throws before there is an answer to wait for has failed', (m) => {
    const expected = '        250ms d';

    m.expectObservable(health(m), '^ 999ms !').toBe(expected, { d: { up: false, reason: 'no connection' } });
  });
});
