import type { JSX } from 'preact';
import { span } from '../domain/text/ago.js';
import { heardAt, stale, ticking } from './state.js';
import { timeOfDay } from './words.js';

/** Over the whole width, while the scheduler says nothing: a page that only looks alive is worse than none. */
export function Banner(): JSX.Element | null {
  if (!stale.value) return null;
  return (
    <p class="stale" role="alert">
      No word from the scheduler for <span aria-live="off">{span(ticking.value - heardAt.value)}</span>; what you see is
      of {timeOfDay(heardAt.value)}. Trying again.
    </p>
  );
}
