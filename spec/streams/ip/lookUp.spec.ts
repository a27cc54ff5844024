import { expect } from 'chai';
import { lastValueFrom, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import { oneAtATime, type RunningLookUps } from '#src/streams/ip/lookUp.js';

describe('oneAtATime', () => {
  const answer: IpAnswer = { ok: true, ip: '1.1.1.1' };
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

  const settled = async (): Promise<void> => {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  };
  const still = (): number => 0;

  it('looks up when it is subscribed, tells what is known, and hands on the answer', async () => {
    const answer$ = oneAtATime(new Map(), still)(source, '8.8.8.8');
    expect(lookups).to.be.empty;
    const came = value(answer$);
    settle(answer);
    expect(await came).to.equal(answer);
    expect(lookups.map(({ known }) => known)).to.deep.equal(['8.8.8.8']);
    expect(lookups[0]?.signal.aborted).to.equal(false);
  });

  it('shares the answer with whoever asks meanwhile, and goes on for as long as one of them waits', async () => {
    const running: RunningLookUps = new Map();
    const first = oneAtATime(running, still)(source, undefined).subscribe();
    const second = value(oneAtATime(running, still)(source, undefined));
    first.unsubscribe();
    expect(lookups.map(({ signal }) => signal.aborted)).to.deep.equal([false]);
    settle({ ok: false, reason: 'http-429', retryAfterMs: 7 });
    expect(await second).to.deep.equal({ ok: false, reason: 'http-429', retryAfterMs: 7 });
    expect(lookups).to.have.length(1);
  });

  it('aborts a lookup that nobody waits for any more, and asks anew once that has settled', async () => {
    const lookUp = oneAtATime(new Map(), still);
    lookUp(source, undefined).subscribe().unsubscribe();
    expect(lookups[0]?.signal.aborted).to.equal(true);
    const came = value(lookUp(source, undefined));
    await settled();
    expect(lookups, 'never two at once').to.have.length(1);
    settle({ ok: true, ip: '8.8.8.8' });
    await settled();
    expect(lookups).to.have.length(2);
    settle(answer);
    expect(await came).to.equal(answer);
  });

  for (const [what, other, epochs] of [
    ['under other settings', { ...source }, [0, 0]],
    ['before a gap of our clock', source, [0, 1]],
  ] as const) {
    it(`does not share what was asked ${what}`, async () => {
      const running: RunningLookUps = new Map();
      let epoch: number = epochs[0];
      const lookUp = oneAtATime(running, () => epoch);
      const before = value(lookUp(source, undefined));
      epoch = epochs[1];
      const came = value(lookUp(other, undefined));
      settle({ ok: true, ip: '8.8.8.8' });
      expect(await before).to.deep.equal({ ok: true, ip: '8.8.8.8' });
      await settled();
      expect(lookups).to.have.length(2);
      settle(answer);
      expect(await came).to.equal(answer);
    });
  }

  it('is free again after a lookup that failed', async () => {
    const running: RunningLookUps = new Map();
    const came = value(oneAtATime(running, still)(source, undefined)).catch((error: unknown) => error);
    fail(new Error('broken'));
    expect(await came).to.be.an('error');
    expect(running.size).to.equal(0);
  });

  it('sources of other names do not wait for each other', async () => {
    const lookUp = oneAtATime(new Map(), still);
    const other = value(lookUp({ ...source, name: 'b' }, undefined));
    const settleOther = settle;
    const came = value(lookUp(source, undefined));
    settle(answer);
    expect(await came).to.equal(answer);
    settleOther(answer);
    expect(await other).to.equal(answer);
  });
});
