import type { JSX } from 'preact';
import { span } from '../domain/text/ago.js';
import { lamps } from '../domain/text/lamps.js';
import { escaped } from '../domain/text/printable.js';
import type { Status } from '../status/schema.js';
import { Bar } from './bar.js';
import { LampMark } from './marks.js';
import { now } from './state.js';
import { ago, held, timeOf } from './words.js';

/** Whether it is us, them, or the line between. */
export function Lines({ status }: { status: Status }): JSX.Element {
  return (
    <section class="card lines" aria-labelledby="lines">
      <h2 id="lines">Me, them, or the line</h2>
      <BothWays status={status} />
      <div class="middle">
        <Lamps status={status} />
        <LineStrip status={status} />
      </div>
      <PublicIp status={status} />
    </section>
  );
}

function BothWays({ status }: { status: Status }): JSX.Element {
  const { they_answer_us: answer, they_call_us: call, last_call_at: lastCall } = status.reachability;
  const codes = status.problems.map(({ code }) => code);
  return (
    <div class="ways">
      <Bar label="They answer us" counts={answer} tone={codes.includes('cannot-call-out') ? 'bad' : 'ok'}>
        checked {ago(status.round.finished_at)}
      </Bar>
      {call === null ? (
        <div class="bar">
          <span class="label">They call us</span>
          <span class="figure">unknown</span>
          <span class="of wide">no entry says when it last called (last_seen, which the API writes)</span>
        </div>
      ) : (
        <Bar label="They call us" counts={call} tone={codes.includes('not-called') ? 'bad' : 'ok'}>
          last call {ago(lastCall)}
        </Bar>
      )}
    </div>
  );
}

function Lamps({ status }: { status: Status }): JSX.Element {
  return (
    <dl class="lamps">
      {lamps({ ...status, as_of: now.value }).map(({ name, glow, word, evidence }) => (
        <div key={name}>
          <dt>
            <LampMark level={glow} />
            {name}
          </dt>
          <dd>
            <b>{word}</b> <span class="age">{escaped(evidence)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const DAY_MS = 86_400_000;

/** The last 24 hours of our own line: a thin line while it stood, a block where we were isolated. */
function LineStrip({ status }: { status: Status }): JSX.Element {
  const from = now.value - DAY_MS;
  const at = (time: number): number => (Math.max(0, time - from) / DAY_MS) * 1_000;
  const known = at(Math.max(from, status.started_at));
  const isolatedMs = status.outages.reduce((sum, { from: began, to }) => sum + (to ?? now.value) - began, 0);
  const said = status.outages.length === 0 ? 'never isolated' : `isolated for ${span(isolatedMs)} in all`;
  return (
    <figure class="line-strip">
      <svg viewBox="0 0 1000 18" preserveAspectRatio="none" role="img" aria-label={`Our line, last 24 h: ${said}`}>
        <rect class="before" x="0" y="8" width={known} height="2" />
        <rect class="stood" x={known} y="6" width={1_000 - known} height="6" />
        {status.outages.map(({ from: began, to }) => (
          <rect
            key={began}
            class={to === null ? 'outage now' : 'outage'}
            x={at(began)}
            y="0"
            width={Math.max(3, at(to ?? now.value) - at(began))}
            height="18"
          />
        ))}
      </svg>
      <figcaption>
        <span>24 h ago</span>
        <span>{said}</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

function PublicIp({ status: { ip } }: { status: Status }): JSX.Element {
  return (
    <div class="ip">
      <p class="value">
        <span class="label">Public IP</span>
        <b>{ip.value === null ? 'not known' : escaped(ip.value)}</b>
        {ip.since !== null && (
          <span class="age" title={timeOf(ip.since)}>
            ours for {held(ip.since)}
          </span>
        )}
      </p>
      <ul class="sources" aria-label="Sources of the public IP">
        {ip.sources.length === 0 && <li class="age">known by {ip.known_by.join(', ') || 'nobody yet'}</li>}
        {ip.sources.map(({ name, at, result, answer }) => (
          <li key={name}>
            <LampMark level={result === 'ok' || result === null ? 'ok' : 'notice'} size={8} />
            <span class="name">{escaped(name)}</span>
            <span class={answer !== null && answer !== ip.value ? 'odd' : 'answer'}>
              {result === null ? 'not asked yet' : result === 'ok' ? escaped(answer ?? 'ok') : escaped(result)}
            </span>
            {at !== null && <span class="age">{ago(at)}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
