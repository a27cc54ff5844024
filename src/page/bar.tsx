import type { ComponentChildren, JSX } from 'preact';
import { grouped, percent } from '../domain/text/figures.js';

interface Counts {
  readonly count: number;
  readonly of: number;
  readonly share: number | null;
}

/** So many of so many as a bar, with the numbers beside it; `children` says how old they are. */
export function Bar(props: {
  label: string;
  counts: Counts;
  tone?: string;
  children?: ComponentChildren;
}): JSX.Element {
  const { label, counts, tone = 'ok', children } = props;
  return (
    <div class="bar">
      <span class="label">{label}</span>
      <span class="figure">{percent(counts.share)}</span>
      <Fill share={counts.share ?? 0} tone={tone} />
      <span class="of">
        {grouped(counts.count)} of {grouped(counts.of)}
      </span>
      <span class="age">{children}</span>
    </div>
  );
}

export function Fill({ share, tone = 'ok' }: { share: number; tone?: string }): JSX.Element {
  return (
    <svg class={`fill ${tone}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" />
      <rect class="level" width={Math.max(0, Math.min(1, share)) * 100} height="6" />
    </svg>
  );
}
