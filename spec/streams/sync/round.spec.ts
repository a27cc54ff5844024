import { expect } from 'chai';
import { concatMap, lastValueFrom, NEVER, of, ReplaySubject, tap, timer, map, toArray, type Observable } from 'rxjs';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import type { SchedulerEvent } from '#src/events.js';
import { runLane } from '#src/streams/sync/round.js';
import type { LaneItem } from '#src/streams/sync/sweep.js';
import { entry } from '../../support/entries.js';

describe('runLane', () => {
  const seen = ({ uuid }: RegistryEntry): SchedulerEvent => ({ kind: 'peer.discarded', at: 0, uuid, why: 'local' });
  async function* items(n: number): AsyncGenerator<LaneItem> {
    for (let i = 0; i < n; i += 1) yield await Promise.resolve({ entry: entry(String(i)) });
  }
  const through = (event$: Observable<SchedulerEvent>) => event$;

  it('never checks more peers at once than it may, and none is left out', async () => {
    let now = 0;
    let most = 0;
    const check = (peer: RegistryEntry) => {
      most = Math.max(most, (now += 1));
      return timer(Number(peer.uuid) % 3).pipe(
        map(() => seen(peer)),
        tap(() => (now -= 1)),
      );
    };
    const lane$ = runLane(items(100), { check, write: through, concurrency: 7, gapMs: 0, stop$: NEVER });
    expect(await lastValueFrom(lane$.pipe(toArray()), { defaultValue: [] })).to.have.length(100);
    expect(most).to.equal(7);
  });

  it('a slow sink holds up the pulling: no queue grows', async () => {
    let checked = 0;
    let written = 0;
    let ahead = 0;
    const check = (peer: RegistryEntry) => {
      ahead = Math.max(ahead, (checked += 1) - written);
      return of(seen(peer));
    };
    const write = (event$: Observable<SchedulerEvent>) =>
      event$.pipe(
        concatMap((event) => timer(1).pipe(map(() => event))),
        tap(() => (written += 1)),
      );
    const lane$ = runLane(items(50), { check, write, concurrency: 4, gapMs: 0, stop$: NEVER });
    await lastValueFrom(lane$, { defaultValue: undefined });
    expect(written).to.equal(50);
    expect(ahead).to.be.at.most(4);
  });

  it('hands on what happened on the way', async () => {
    const event: SchedulerEvent = { kind: 'redis.failed', at: 1, what: 'reading', reason: 'away' };
    async function* one(): AsyncGenerator<LaneItem> {
      yield await Promise.resolve({ event });
    }
    const options = { check: () => of(), write: through, concurrency: 2, gapMs: 0, stop$: NEVER };
    expect(await lastValueFrom(runLane(one(), options), { defaultValue: undefined })).to.equal(event);
  });

  it('asks for nothing more once it is to stop, but finishes what is in flight', async () => {
    const stop$ = new ReplaySubject<void>(1);
    let started = 0;
    const check = (peer: RegistryEntry) => {
      started += 1;
      if (started === 3) stop$.next();
      return timer(2).pipe(map(() => seen(peer)));
    };
    const lane$ = runLane(items(100), { check, write: through, concurrency: 3, gapMs: 0, stop$ });
    expect(await lastValueFrom(lane$.pipe(toArray()), { defaultValue: [] })).to.have.length(started);
    expect(started).to.be.lessThan(7);
  });
});
