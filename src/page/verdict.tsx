import type { JSX } from 'preact';
import { escaped } from '../domain/text/printable.js';
import { span } from '../domain/text/ago.js';
import type { Problem, Status } from '../status/schema.js';
import type { Level } from './level.js';
import { LampMark } from './marks.js';
import { heardAt, stale, ticking } from './state.js';
import { held } from './words.js';

const WORDS: Readonly<Record<Level, string>> = { ok: 'OK', notice: 'Note', bad: 'Act' };

/** The lamp, the sentence, and under it what is wrong with what to do about it. */
export function Verdict({ status }: { status: Status }): JSX.Element {
  return (
    <header class="verdict">
      <div class="sentence" role="status">
        <LampMark level={status.level} size={26} />
        <span class="hidden">{WORDS[status.level]}:</span>
        <h1>{escaped(status.summary)}</h1>
      </div>
      <Pulse />
      {status.problems.length > 0 && (
        <ul class="problems" aria-label="Problems">
          {status.problems.map((one) => (
            <ProblemItem key={`${one.code} ${one.text}`} problem={one} />
          ))}
        </ul>
      )}
    </header>
  );
}

function ProblemItem({ problem }: { problem: Problem }): JSX.Element {
  return (
    <li class={problem.level}>
      <LampMark level={problem.level} />
      <p>
        <strong>{escaped(problem.text)}</strong> <span class="advice">{escaped(problem.advice)}</span>
      </p>
      {problem.since !== null && <span class="age">for {held(problem.since)}</span>}
    </li>
  );
}

function Pulse(): JSX.Element {
  const silent = Math.max(0, ticking.value - heardAt.value);
  return (
    <p class={stale.value ? 'pulse lost' : 'pulse'}>
      <span class="dot" aria-hidden="true" />
      {stale.value ? 'no word' : 'live'}
      <span class="age">{silent < 1_500 ? 'now' : `${span(silent)} ago`}</span>
    </p>
  );
}
