import { defer, finalize, from, switchMap, type Observable } from 'rxjs';
import type { IpAnswer, IpSource } from '../../domain/ip/source.js';

/** One lookup. `known` is the current address; a source that has several addresses to choose from prefers it. */
export type LookUp = (source: IpSource, known: string | undefined) => Observable<IpAnswer>;

/** A lookup that has not settled yet. */
interface RunningLookUp {
  readonly source: IpSource;
  readonly answer: Promise<IpAnswer>;
  readonly epoch: number;
  readonly controller: AbortController;
  subscribers: number;
}

/** The running lookups of any kind, by the name of their source. */
export type RunningLookUps = Map<string, RunningLookUp>;

/**
 * Prevents two lookups of one source at the same time: a second subscriber shares the answer of the running lookup, which
 * is aborted when the last subscriber leaves. A lookup that was aborted, has other settings or began before a clock gap is
 * not shared: a new one starts as soon as it has settled (DNS sockets of public-ip outlive an abort by up to 30 s). The
 * caller keeps `running` for as long as any lookup may be running. `epoch` grows with each clock gap.
 */
export function oneAtATime(running: RunningLookUps, epoch: () => number): LookUp {
  const begin = (source: IpSource, known: string | undefined): RunningLookUp => {
    const controller = new AbortController();
    const answer = source.lookup(controller.signal, known).finally(() => running.delete(source.name));
    const lookup = { source, answer, epoch: epoch(), controller, subscribers: 0 };
    running.set(source.name, lookup);
    return lookup;
  };
  const answerOf = (lookup: RunningLookUp): Observable<IpAnswer> => {
    lookup.subscribers += 1;
    return from(lookup.answer).pipe(
      finalize(() => {
        lookup.subscribers -= 1;
        if (lookup.subscribers === 0 && running.get(lookup.source.name) === lookup) lookup.controller.abort();
      }),
    );
  };
  const lookUp: LookUp = (source, known) =>
    defer(() => {
      const before = running.get(source.name);
      if (before === undefined) return answerOf(begin(source, known));
      const isShared = before.source === source && before.epoch === epoch() && !before.controller.signal.aborted;
      if (isShared) return answerOf(before);
      const settled = before.answer.catch(() => undefined);
      return from(settled).pipe(switchMap(() => lookUp(source, known)));
    });
  return lookUp;
}
