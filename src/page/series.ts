import { signal } from '@preact/signals';
import type { Sample } from '../status/schema.js';
import { getJson } from './base.js';
import { connected, now } from './state.js';

export const SPANS = { '1 h': 3_600_000, '24 h': 86_400_000, '7 d': 7 * 86_400_000 } as const;
export type Span = keyof typeof SPANS;

export const chosen = signal<Span>('24 h');
/** The oldest first. */
export const samples = signal<readonly Sample[] | undefined>(undefined);
export const trouble = signal('');

const EVERY_MS = 20_000;

/** Loads the samples of a span, and after that only those that are new. */
export function followSeries(span: Span): () => void {
  const controller = new AbortController();
  let known: readonly Sample[] = [];
  const load = async (): Promise<void> => {
    const begin = now.peek() - SPANS[span];
    const from = Math.max(begin, (known.at(-1)?.at ?? 0) + 1);
    try {
      const path = `api/series?from=${Math.round(from)}&to=${Math.round(now.peek())}`;
      const { samples: fresh } = await getJson<{ samples: readonly Sample[] }>(path, controller.signal);
      trouble.value = '';
      if (fresh.length === 0 && known.length > 0) return;
      known = [...known, ...fresh].filter(({ at }) => at >= begin);
      samples.value = known;
    } catch (error) {
      if (!controller.signal.aborted) trouble.value = error instanceof Error ? error.message : String(error);
    }
  };
  void load();
  const timer = setInterval(() => {
    if (connected.peek() && !document.hidden) void load();
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    controller.abort();
  };
}
