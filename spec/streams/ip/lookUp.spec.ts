import { expect } from 'chai';
import { lastValueFrom, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import { oneAtATime } from '#src/streams/ip/lookUp.js';

describe('oneAtATime', () => {
  const answer: IpAnswer = { ok: true, ip: '1.1.1.1' };
  const busyAnswer: IpAnswer = { ok: false, reason: 'timeout' };
  const value = (answer$: Observable<IpAnswer>) => lastValueFrom(answer$, { defaultValue: undefined });
  const lookups: { readonly signal: AbortSignal; readonly known: string | undefined }[] = [];
  let settle: (answer: IpAnswer) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const source: IpSource = {
    name: 'a',
    remote: true,
    lookup: (signal, known) => {
      lookups.push({ signal, known });
      return new Promise((resolve, reject) => {
        settle = resolve;
        fail = reject;
      });
    },
  };

  beforeEach(() => {
    lookups.length = 0;
  });

  it('looks up when it is subscribed, tells what is known, and hands on the answer', async () => {
    const answer$ = oneAtATime(new Set())(source, '8.8.8.8');
    expect(lookups).to.be.empty;
    const came = value(answer$);
    settle(answer);
    expect(await came).to.equal(answer);
    expect(lookups.map(({ known }) => known)).to.deep.equal(['8.8.8.8']);
    expect(lookups[0]?.signal.aborted).to.equal(false);
  });

  it('tells the source when nobody waits any more, and asks it no second time until it has settled', async () => {
    const busy = new Set<string>();
    const lookUp = oneAtATime(busy);
    lookUp(source, undefined).subscribe().unsubscribe();
    expect(lookups[0]?.signal.aborted).to.equal(true);
    expect(await value(lookUp(source, undefined))).to.deep.equal(busyAnswer);
    const successor = oneAtATime(busy);
    expect(await value(successor({ ...source }, undefined)), 'under other settings').to.deep.equal(busyAnswer);
    expect(lookups).to.have.length(1);
    settle(answer);
    await Promise.resolve();
    const came = value(lookUp(source, undefined));
    settle(answer);
    expect(await came).to.equal(answer);
    expect(lookups).to.have.length(2);
  });

  it('is free again after a lookup that failed', async () => {
    const busy = new Set<string>();
    const came = value(oneAtATime(busy)(source, undefined)).catch((error: unknown) => error);
    fail(new Error('broken'));
    expect(await came).to.be.an('error');
    expect([...busy]).to.be.empty;
  });

  it('sources of other names do not wait for each other', async () => {
    const busy = new Set(['b']);
    const came = value(oneAtATime(busy)(source, undefined));
    settle(answer);
    expect(await came).to.equal(answer);
  });
});
