import type { JSX } from 'preact';
import type { Level } from './level.js';

/** The lamp of a level: a shape of its own beside the colour, for who can't tell the colours. */
export function LampMark({ level, size = 12 }: { level: Level; size?: number }): JSX.Element {
  return (
    <svg class={`lamp ${level}`} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {level === 'ok' && <circle cx="6" cy="6" r="5" />}
      {level === 'notice' && <path d="M6 .9 11.6 11H.4z" />}
      {level === 'bad' && <path d="M3.6.5h4.8l3.1 3.1v4.8l-3.1 3.1H3.6L.5 8.4V3.6z" />}
    </svg>
  );
}

const STATE_SHAPES: Readonly<Record<string, string>> = {
  available: 'M5 1a4 4 0 1 1 0 8a4 4 0 1 1 0-8',
  knows: 'M5 1a4 4 0 1 1 0 8a4 4 0 1 1 0-8',
  suspect: 'M5 1 9.4 9H.6z',
  owing: 'M5 1 9.4 9H.6z',
  unavailable: 'M1 2.4 2.4 1 5 3.6 7.6 1 9 2.4 6.4 5 9 7.6 7.6 9 5 6.4 2.4 9 1 7.6 3.6 5z',
};
const HOLLOW = 'M5 1a4 4 0 1 1 0 8a4 4 0 1 1 0-8m0 1.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5';
const BARRED = 'M5 .8a4.2 4.2 0 1 1 0 8.4a4.2 4.2 0 1 1 0-8.4M2.5 4.3v1.4h5V4.3z';

/** The mark of a peer's state. */
export function StateMark({ state }: { state: string }): JSX.Element {
  const shape = STATE_SHAPES[state] ?? (state === 'denied' || state === 'invalid' ? BARRED : HOLLOW);
  return (
    <svg class={`mark s-${state}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      <path d={shape} fill-rule="evenodd" />
    </svg>
  );
}

const RECENT = 60;

/** The last checks of a peer, the newest on the right: low for an answer, high for a failure, a dash for neither. */
export function RecentStrip({ recent, height = 16 }: { recent: string; height?: number }): JSX.Element {
  const shown = recent.slice(-RECENT);
  const from = RECENT - shown.length;
  const paths = { '.': '', x: '', '-': '' };
  for (let i = 0; i < shown.length; i++) {
    const x = (from + i) * 3;
    if (shown[i] === '.') paths['.'] += `M${x} ${height - 6}h2v6h-2z`;
    else if (shown[i] === 'x') paths.x += `M${x} 1h2V${height}h-2z`;
    else paths['-'] += `M${x} ${height - 2}h2v2h-2z`;
  }
  return (
    <svg class="recent" width={RECENT * 3} height={height} viewBox={`0 0 ${RECENT * 3} ${height}`} aria-hidden="true">
      <path class="answered" d={paths['.']} />
      <path class="failed" d={paths.x} />
      <path class="uncounted" d={paths['-']} />
    </svg>
  );
}

/** `recent` in words. */
export function recentWords(recent: string): string {
  if (recent === '') return 'not checked yet';
  const failed = recent.replaceAll(/[^x]/g, '').length;
  return failed === 0 ? `last ${recent.length} answered` : `${failed} of the last ${recent.length} failed`;
}
