import { TestScheduler } from 'rxjs/testing';

/** Reads marbles as RxJS does in virtual time: a character a millisecond, `5m`, groups, `|` and `#`. */
TestScheduler.frameTimeFactor = 1;

/** What stands where on a line that begins at a moment: `{ at, text }`, where the text may be `|` or `#`. */
export function momentsOf(marbles, from = 0, to = Infinity) {
  return TestScheduler.parseMarbles(marbles, undefined, undefined, false, true)
    .map(({ frame, notification: { kind, value } }) => ({
      at: from + frame,
      text: kind === 'C' ? '|' : kind === 'E' ? '#' : String(value),
    }))
    .filter(({ at }) => at <= to);
}

/** A space longer than this is drawn as if it were so long, with its length beside it. */
const LONGEST = 6;

/** Where each moment is drawn, in steps from the left, and which spaces are shortened. */
export function axisOf(moments) {
  const sorted = [...new Set([0, ...moments])].sort((a, b) => a - b);
  const places = new Map();
  const breaks = [];
  let place = 0;
  sorted.forEach((at, i) => {
    const gap = i === 0 ? 0 : at - sorted[i - 1];
    if (gap > LONGEST) breaks.push({ place: place + LONGEST / 2, text: lengthOf(gap) });
    place += Math.min(gap, LONGEST);
    places.set(at, place);
  });
  return { place: (at) => places.get(at), breaks, end: place };
}

/** An operator's own millisecond more or less is no part of what a reader wants to know. */
function lengthOf(ms) {
  const s = ms / 1_000;
  if (s >= 59.9) return `${Math.round(s / 60)} min`;
  return s >= 1 ? `${Math.round(s)} s` : `${ms} ms`;
}
