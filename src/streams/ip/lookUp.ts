import { defer, finalize, from, switchMap, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';

/** One lookup; `known` is the address that a source with several to choose from is to stay with. */
export type LookUp = (source: IpSource, known: string | undefined) => Observable<IpAnswer>;

/** A lookup that has not settled yet. */
interface UnderWay {
  readonly source: IpSource;
  readonly answer: Promise<IpAnswer>;
  readonly epoch: number;
  readonly controller: AbortController;
  /** How many wait for its answer. */
  waiting: number;
}

/** The lookups under way by the name of their source, for any purpose. */
export type LookUpsUnderWay = Map<string, UnderWay>;

/**
 * Never two lookups of one source at once: a second asker shares the answer of the first lookup, which is aborted once
 * nobody waits for it. What was given up, was asked under other settings or before a gap of our clock is not shared: the
 * source is asked anew once that has settled (public-ip's DNS sockets live on for up to 30 s). `underWay` is kept by the
 * caller for as long as any lookup may be under way; `epoch` grows with each gap.
 */
export function oneAtATime(underWay: LookUpsUnderWay, epoch: () => number): LookUp {
  const begin = (source: IpSource, known: string | undefined): UnderWay => {
    const controller = new AbortController();
    const answer = source.lookup(controller.signal, known).finally(() => underWay.delete(source.name));
    const lookup = { source, answer, epoch: epoch(), controller, waiting: 0 };
    underWay.set(source.name, lookup);
    return lookup;
  };
  const answerOf = (lookup: UnderWay): Observable<IpAnswer> => {
    lookup.waiting += 1;
    return from(lookup.answer).pipe(
      finalize(() => {
        lookup.waiting -= 1;
        if (lookup.waiting === 0 && underWay.get(lookup.source.name) === lookup) lookup.controller.abort();
      }),
    );
  };
  const lookUp: LookUp = (source, known) =>
    defer(() => {
      const before = underWay.get(source.name);
      if (before === undefined) return answerOf(begin(source, known));
      const isShared = before.source === source && before.epoch === epoch() && !before.controller.signal.aborted;
      if (isShared) return answerOf(before);
      const settled = before.answer.catch(() => undefined);
      return from(settled).pipe(switchMap(() => lookUp(source, known)));
    });
  return lookUp;
}
