import type { SchedulerLike } from 'rxjs';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import { lookUpWithDeadline } from '#src/streams/ip/lookUpWithDeadline.js';
import type { LookUp } from '#src/streams/ip/lookUp.js';
import { marbles } from '../../support/marbles.js';

describe('lookUpWithDeadline', () => {
  const source: IpSource = { name: 'dns', remote: true, lookup: () => Promise.reject(new Error('not used')) };
  const said: Record<string, IpAnswer> = {
    a: { ok: true, ip: '1.1.1.1' },
    b: { ok: true, ip: '8.8.8.8' },
    f: { ok: false, reason: 'http-429', retryAfterMs: 7_000 },
    t: { ok: false, reason: 'timeout' },
    x: { ok: false, reason: 'other' },
  };
  const ask = (lookUp: LookUp, scheduler: SchedulerLike, epoch = () => 0) =>
    lookUpWithDeadline({ lookUp, timeoutMs: 5, epoch, scheduler })(source, '9.9.9.9');

  marbles('hands on what the source says, be it an answer or why there is none', (m) => {
    const answer$ = m.cold('--(a|)', said);
    const answerSubs = '    ^-!';
    const expected = '      --(a|)';
    const refusal$ = m.cold('-(f|)', said);

    m.expectObservable(ask(() => answer$, m.scheduler)).toBe(expected, said);
    m.expectSubscriptions(answer$.subscriptions).toBe(answerSubs);
    m.expectObservable(ask(() => refusal$, m.scheduler)).toBe('-(f|)', said);
  });

  marbles('asks that source, and tells it what is known', (m) => {
    const lookUp: LookUp = ({ name }, known) => m.cold<IpAnswer>('(a|)', { a: { ok: true, ip: `${name} ${known}` } });

    m.expectObservable(ask(lookUp, m.scheduler)).toBe('(a|)', { a: { ok: true, ip: 'dns 9.9.9.9' } });
  });

  marbles('gives a source up that says nothing until the deadline', (m) => {
    const silent$ = m.cold<IpAnswer>('------a', said);
    const silentSubs = '              ^----!';
    const expected = '                -----(t|)';

    m.expectObservable(ask(() => silent$, m.scheduler)).toBe(expected, said);
    m.expectSubscriptions(silent$.subscriptions).toBe(silentSubs);
  });

  marbles('takes an error, thrown or told, for no answer', (m) => {
    const broken$ = m.cold<IpAnswer>('-#');
    const thrown = () => {
      throw new Error('at once');
    };

    m.expectObservable(ask(() => broken$, m.scheduler)).toBe('-(x|)', said);
    m.expectObservable(ask(thrown, m.scheduler)).toBe('(x|)', said);
  });

  marbles('is as empty as the lookup', (m) => {
    m.expectObservable(ask(() => m.cold<IpAnswer>('-|'), m.scheduler)).toBe('-|');
  });

  marbles('asks again where we stood still meanwhile: what came then is of another time', (m) => {
    const answers = [m.cold('--(a|)', said), m.cold('------', said), m.cold('-(b|)', said)];
    const subs = [' ^-!', '       --^----!', '               -------^!'];
    const expected = '--------(b|)';
    // We stand still in the first lookup and in the second.
    const epoch = () => (m.scheduler.now() < 2 ? 0 : m.scheduler.now() < 7 ? 1 : 2);
    let lookups = 0;

    const answer$ = ask(() => answers[lookups++] ?? m.cold('#'), m.scheduler, epoch);

    m.expectObservable(answer$).toBe(expected, said);
    answers.forEach((one, i) => {
      m.expectSubscriptions(one.subscriptions).toBe(subs[i]?.trim() ?? '');
    });
  });

  marbles('asks nobody before it is subscribed, and lets go when it is unsubscribed', (m) => {
    const silent$ = m.cold<IpAnswer>('----');
    const unsub = '                  ^--!';

    m.expectObservable(
      ask(() => silent$, m.scheduler),
      unsub,
    ).toBe('----');
    m.expectSubscriptions(silent$.subscriptions).toBe(unsub);
  });
});
