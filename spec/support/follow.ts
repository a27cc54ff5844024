import type { Observable } from 'rxjs';

export interface Followed<T> {
  readonly seen: T[];
  /** How the stream ended: undefined while it goes on. */
  end: 'complete' | { readonly error: unknown } | undefined;
  readonly leave: () => void;
}

/** Subscribes, and keeps what is heard. */
export function follow<T>(stream$: Observable<T>): Followed<T> {
  const seen: T[] = [];
  const followed: Followed<T> = { seen, end: undefined, leave: () => undefined };
  const subscription = stream$.subscribe({
    next: (value) => seen.push(value),
    error: (error: unknown) => (followed.end = { error }),
    complete: () => (followed.end = 'complete'),
  });
  return Object.assign(followed, {
    leave: () => {
      subscription.unsubscribe();
    },
  });
}

/** What happened, in order. */
export function kinds(events: readonly { readonly kind: string }[]): string[] {
  return events.map(({ kind }) => kind);
}
