import type { JSX } from 'preact';
import { grouped, millis } from '../domain/text/figures.js';
import type { Status } from '../status/schema.js';
import { Fill } from './bar.js';
import { now } from './state.js';
import { ago, until } from './words.js';

const LANES = ['regular', 'suspect', 'pending', 'unavailable'] as const;

/** The round under way, the lanes, what was skipped. */
export function Rounds({ status: { round, lanes, latency } }: { status: Status }): JSX.Element {
  const { running } = lanes.regular;
  return (
    <section class="card rounds" aria-labelledby="rounds">
      <h2 id="rounds">Rounds</h2>
      <p class="round">
        <b>{running === null ? `Round ${round.number === null ? '–' : grouped(round.number)}` : 'Under way'}</b>
        <span>
          {running === null
            ? round.took_ms === null
              ? 'none has ended yet'
              : `${millis(round.took_ms)} · ${grouped(round.ok ?? 0)} answered, ${grouped(round.failed ?? 0)} failed`
            : `${grouped(running.done)} of ${grouped(running.total)}`}
        </span>
        <span class="age">
          {running === null
            ? round.next_at === null
              ? ''
              : `next ${until(round.next_at)}`
            : `begun ${ago(running.started_at)}`}
        </span>
      </p>
      <Fill
        share={running === null ? waited(round) : running.done / Math.max(1, running.total)}
        tone={running === null ? 'idle' : 'busy'}
      />
      <table class="lanes">
        <caption class="hidden">Lanes</caption>
        <thead>
          <tr>
            <th scope="col">Lane</th>
            <th scope="col">Peers</th>
            <th scope="col">Oldest check</th>
            <th scope="col">Took</th>
            <th scope="col">Skipped</th>
          </tr>
        </thead>
        <tbody>
          {LANES.map((name) => {
            const lane = lanes[name];
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{grouped(lane.peers)}</td>
                <td>{lane.oldest_check_seconds === null ? '–' : `${Math.round(lane.oldest_check_seconds)} s`}</td>
                <td>{millis(lane.last_round_ms)}</td>
                <td class={lane.skipped > 0 ? 'some' : ''}>{grouped(lane.skipped)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p class="latency">
        <span class="label">Latency</span> p50 <b>{millis(latency.p50_ms)}</b> p95 <b>{millis(latency.p95_ms)}</b> p99{' '}
        <b>{millis(latency.p99_ms)}</b>
      </p>
    </section>
  );
}

/** How much of the time between two rounds is over. */
function waited({ next_at: next, interval_ms: interval }: Status['round']): number {
  return next === null ? 0 : 1 - (next - now.value) / interval;
}
