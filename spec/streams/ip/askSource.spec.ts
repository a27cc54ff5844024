import { expect } from 'chai';
import { lastValueFrom, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import { asking } from '#src/streams/ip/askSource.js';

describe('asking', () => {
  const answer: IpAnswer = { ok: true, ip: '1.1.1.1' };
  const value = (answer$: Observable<IpAnswer>) => lastValueFrom(answer$, { defaultValue: undefined });

  it('hands on what the source says', async () => {
    const source: IpSource = { name: 'a', remote: true, lookup: () => Promise.resolve(answer) };
    expect(await value(asking({ timeoutMs: 1_000, busy: new Set() })(source))).to.equal(answer);
  });

  it('never has two lookups of one source under way, even where one outlives its deadline', async () => {
    let lookups = 0;
    let settle: (answer: IpAnswer) => void = () => {};
    const source: IpSource = {
      name: 'a',
      remote: true,
      lookup: () => {
        lookups += 1;
        return new Promise((resolve) => (settle = resolve));
      },
    };
    const busy = new Set<string>();
    const ask = asking({ timeoutMs: 1, busy });
    const timedOut = { ok: false, reason: 'timeout' };
    expect(await value(ask(source))).to.deep.equal(timedOut);
    expect(await value(ask(source)), 'while the first one is still at it').to.deep.equal(timedOut);
    const successor = asking({ timeoutMs: 1, busy })({ ...source });
    expect(await value(successor), 'the same source under other settings').to.deep.equal(timedOut);
    expect(lookups).to.equal(1);
    settle(answer);
    await Promise.resolve();
    await value(ask(source));
    expect(lookups).to.equal(2);
  });
});
