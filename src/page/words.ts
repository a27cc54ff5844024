import { span } from '../domain/text/ago.js';
import { nameOf } from '../domain/text/printable.js';
import { now } from './state.js';

/** How long ago something was, by the scheduler's clock; `never` where it was not. */
export function ago(at: number | null): string {
  return at === null ? 'never' : `${span(Math.max(0, now.value - at))} ago`;
}

/** For how long something holds already. */
export function held(since: number | null): string {
  return since === null ? '' : span(Math.max(0, now.value - since));
}

/** How long it is until something. */
export function until(at: number): string {
  const ms = at - now.value;
  return ms <= 0 ? 'now' : `in ${span(ms + 999)}`;
}

/** What fits a column of a peer's UUID: its first group, and all of it in the title. */
export function shortName(uuid: string): string {
  const name = nameOf(uuid);
  return /^[0-9a-f]{8}-/i.test(name) ? name.slice(0, 8) : name.length > 9 ? `${name.slice(0, 8)}…` : name;
}

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

/** The time of the day; with the date where that was on another day. */
export function timeOf(at: number): string {
  return new Date(at).toDateString() === new Date(now.value).toDateString() ? TIME.format(at) : DATE.format(at);
}

export function timeOfDay(at: number): string {
  return TIME.format(at);
}
