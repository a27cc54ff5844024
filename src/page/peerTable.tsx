import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { grouped, many, millis, percent } from '../domain/text/figures.js';
import { escaped, nameOf } from '../domain/text/printable.js';
import type { ConsumerRow, ProducerRow } from '../status/schema.js';
import { RecentStrip, recentWords, StateMark } from './marks.js';
import { nextSort, rows, see, total, type Row } from './peerPages.js';
import { linkTo, look, view } from './view.js';
import { ago, held, shortName, timeOf, until } from './words.js';

const WIDE_ROW = 34;
const NARROW_ROW = 62;
const NARROW = '(max-width: 720px)';
/** Rows that are drawn above and below of what is in sight. */
const MARGIN = 10;
/** Scrolling draws the rows anew each time that it has passed this many, well before the margin ends. */
const STEP = 5;

interface Column {
  readonly name: string;
  readonly sort: string | null;
  readonly class: string;
}

const COLUMNS: Readonly<Record<Row['kind'], readonly Column[]>> = {
  consumer: [
    { name: 'Peer', sort: 'uuid', class: 'c-peer' },
    { name: 'Address', sort: 'ip', class: 'c-ip' },
    { name: 'State', sort: 'state', class: 'c-state' },
    { name: 'For', sort: 'since', class: 'c-since' },
    { name: 'Latency', sort: 'latency', class: 'c-latency' },
    { name: 'Answered', sort: null, class: 'c-last' },
    { name: 'Last 60', sort: 'failures', class: 'c-recent' },
    { name: '24 h', sort: null, class: 'c-day' },
    { name: '7 d', sort: null, class: 'c-week' },
  ],
  producer: [
    { name: 'Peer', sort: 'uuid', class: 'c-peer' },
    { name: 'Address', sort: 'ip', class: 'c-ip' },
    { name: 'State', sort: 'state', class: 'c-state' },
    { name: 'Acknowledged', sort: null, class: 'c-acked' },
    { name: 'When', sort: 'since', class: 'c-when' },
    { name: 'Attempts', sort: 'failures', class: 'c-attempts' },
    { name: 'Next', sort: null, class: 'c-next' },
  ],
};

/** As many rows as are in sight, out of any number. */
export function PeerTable(): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(400);
  const rowHeight = useSignal(WIDE_ROW);
  const active = useSignal(0);
  const { kind, state, q, sort } = view.value;
  const count = total.value ?? 0;
  const from = Math.max(0, Math.floor(top.value / rowHeight.value) - MARGIN);
  const to = Math.min(count, Math.ceil((top.value + height.value) / rowHeight.value) + STEP + MARGIN);

  useLayoutEffect(() => watchSize(scroller.current, height, rowHeight), []);
  useEffect(() => {
    see(from, to);
  }, [from, to, count]);
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
    active.value = 0;
  }, [kind, state, q, sort]);

  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(count - 1, index));
    active.value = next;
    showRow(scroller.current, next * rowHeight.value, rowHeight.value);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"] a`)?.focus());
  };
  const page = Math.max(1, Math.floor(height.value / rowHeight.value) - 1);
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -count,
    End: count,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moveTo(active.value + step);
  };
  const tabbable = active.value >= from && active.value < to ? active.value : from;
  return (
    <>
      <div class={`table ${kind}s`} role="table" aria-label={`${kind}s`} aria-rowcount={count + 1}>
        <Head kind={kind} />
        <div
          class="scroller"
          role="rowgroup"
          ref={scroller}
          onKeyDown={onKeyDown}
          onScroll={({ currentTarget }) => {
            const step = STEP * rowHeight.value;
            top.value = Math.floor(currentTarget.scrollTop / step) * step;
          }}
        >
          <div class="all" role="presentation" style={{ height: `${count * rowHeight.value}px` }}>
            {Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i).map((index) => (
              <PeerRow
                key={rows.value[index]?.uuid ?? index}
                row={rows.value[index]}
                index={index}
                y={index * rowHeight.value}
                tabbable={index === tabbable}
                onFocus={() => {
                  active.value = index;
                }}
              />
            ))}
          </div>
        </div>
      </div>
      {total.value === 0 && <p class="empty">{q === '' && state === '' ? 'None.' : 'None matches.'}</p>}
      <p class="count" role="status">
        {total.value === undefined
          ? 'Asking…'
          : q === '' && state === ''
            ? many(count, kind)
            : `${many(count, kind)} found`}
      </p>
    </>
  );
}

type NumberSignal = ReturnType<typeof useSignal<number>>;

function watchSize(
  element: HTMLElement | null,
  height: NumberSignal,
  rowHeight: NumberSignal,
): (() => void) | undefined {
  if (element === null) return undefined;
  const narrow = matchMedia(NARROW);
  const measure = (): void => {
    height.value = element.clientHeight;
    rowHeight.value = narrow.matches ? NARROW_ROW : WIDE_ROW;
  };
  const observer = new ResizeObserver(measure);
  observer.observe(element);
  measure();
  return () => {
    observer.disconnect();
  };
}

function showRow(element: HTMLElement | null, y: number, rowHeight: number): void {
  if (element === null) return;
  if (y < element.scrollTop) element.scrollTop = y;
  const below = y + rowHeight - element.clientHeight;
  if (below > element.scrollTop) element.scrollTop = below;
}

function Head({ kind }: { kind: Row['kind'] }): JSX.Element {
  const { sort } = view.value;
  return (
    <div class="heads" role="rowgroup">
      <div class="row head" role="row" aria-rowindex={1}>
        {COLUMNS[kind].map(({ name, sort: by, class: own }) => {
          const order = sort === by ? 'ascending' : sort === `-${by ?? ''}` ? 'descending' : 'none';
          return (
            <span key={name} class={own} role="columnheader" {...(by !== null && { 'aria-sort': order })}>
              {by === null ? (
                name
              ) : (
                <button
                  type="button"
                  onClick={() => {
                    look({ sort: nextSort(sort, by) });
                  }}
                >
                  {name}
                  <span aria-hidden="true">{order === 'ascending' ? ' ↑' : order === 'descending' ? ' ↓' : ''}</span>
                </button>
              )}
            </span>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly row: Row | undefined;
  readonly index: number;
  readonly y: number;
  readonly tabbable: boolean;
  readonly onFocus: () => void;
}

function PeerRow({ row, index, y, tabbable, onFocus }: RowProps): JSX.Element {
  const place = { transform: `translateY(${y}px)` };
  if (row === undefined) {
    return (
      <div class="row waiting" role="row" aria-rowindex={index + 2} style={place}>
        <span role="cell" aria-label="not loaded yet" />
      </div>
    );
  }
  return (
    <div class="row" role="row" aria-rowindex={index + 2} data-row={index} style={place}>
      <span class="c-peer" role="cell">
        <a href={linkTo({ peer: row.uuid })} title={nameOf(row.uuid)} tabIndex={tabbable ? 0 : -1} onFocus={onFocus}>
          <StateMark state={row.state} />
          {shortName(row.uuid)}
        </a>
      </span>
      <span class="c-ip" role="cell" title={row.ip === null ? '' : addressOf(row)}>
        {row.ip === null ? '–' : addressOf(row)}
      </span>
      {row.kind === 'consumer' ? <ConsumerCells row={row} /> : <ProducerCells row={row} />}
    </div>
  );
}

function addressOf({ ip, port }: Row): string {
  const address = escaped(ip ?? '');
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${escaped(port)}` : `${address}:${escaped(port)}`;
}

function ConsumerCells({ row }: { row: ConsumerRow }): JSX.Element {
  return (
    <>
      <span class={`c-state s-${row.state}`} role="cell">
        <span class="word">{row.state}</span>
        {row.error !== null && <span class="why">{escaped(row.error)}</span>}
      </span>
      <span class="c-since" role="cell" title={row.state_since === null ? '' : timeOf(row.state_since)}>
        {held(row.state_since) || '–'}
      </span>
      <span class="c-latency" role="cell">
        {millis(row.latency_ms)}
      </span>
      <span class="c-last" role="cell">
        {ago(row.last_ok_at)}
      </span>
      <span class="c-recent" role="cell">
        <RecentStrip recent={row.recent} />
        <span class="hidden">{recentWords(row.recent)}</span>
      </span>
      <span class="c-day" role="cell">
        {percent(row.uptime_24h)}
      </span>
      <span class="c-week" role="cell">
        {percent(row.uptime_7d)}
      </span>
    </>
  );
}

function ProducerCells({ row }: { row: ProducerRow }): JSX.Element {
  return (
    <>
      <span class={`c-state s-${row.state}`} role="cell">
        <span class="word">{row.state}</span>
        {row.error !== null && <span class="why">{escaped(row.error)}</span>}
      </span>
      <span class="c-acked" role="cell">
        {row.notified_ip === null ? '–' : escaped(row.notified_ip)}
      </span>
      <span class="c-when" role="cell">
        {ago(row.notified_at)}
      </span>
      <span class="c-attempts" role="cell">
        {grouped(row.attempts)}
      </span>
      <span class="c-next" role="cell">
        {row.next_at === null ? '–' : until(row.next_at)}
      </span>
    </>
  );
}
