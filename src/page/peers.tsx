import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { grouped } from '../domain/text/figures.js';
import type { Status } from '../status/schema.js';
import { StateMark } from './marks.js';
import { rowsAsOf, trouble } from './peerPages.js';
import { PeerTable } from './peerTable.js';
import { now } from './state.js';
import { look, view } from './view.js';
import { ago } from './words.js';

const STATES = {
  consumer: ['suspect', 'unavailable', 'available', 'pending', 'denied', 'invalid'],
  producer: ['owing', 'knows', 'untold', 'denied', 'invalid'],
} as const;
const OLD_MS = 30_000;

/** Every peer, problems first: search, filter, sort; what is chosen stands in the address of the page. */
export function Peers({ status }: { status: Status }): JSX.Element {
  const { kind } = view.value;
  return (
    <section class="card peers" aria-labelledby="peers">
      <div class="head">
        <h2 id="peers">Peers</h2>
        <Kinds status={status} />
        <Search />
      </div>
      <States status={status} />
      <Notes />
      {isEmpty(status) && kind === 'consumer' ? <EmptyRegistry /> : <PeerTable />}
    </section>
  );
}

function isEmpty({ peers }: Status): boolean {
  return Object.values(peers.consumers).every((count) => count === 0);
}

function Kinds({ status: { peers } }: { status: Status }): JSX.Element {
  const consumers = Object.values(peers.consumers).reduce((sum, count) => sum + count, 0);
  const kinds = [
    ['consumer', 'Consumers', consumers],
    ['producer', 'Producers', peers.producers],
  ] as const;
  return (
    <div class="kinds" role="group" aria-label="Kind of peer">
      {kinds.map(([kind, name, count]) => (
        <button
          key={kind}
          type="button"
          aria-pressed={view.value.kind === kind}
          onClick={() => {
            look({ kind, state: '', sort: 'problems' });
          }}
        >
          {name} {count !== null && <span class="n">{grouped(count)}</span>}
        </button>
      ))}
    </div>
  );
}

/** Typing asks the server when it pauses. */
const PAUSE_MS = 200;

function Search(): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <label class="search">
      <span class="hidden">Search by UUID or address</span>
      <input
        ref={input}
        type="search"
        maxLength={100}
        placeholder="UUID or address"
        value={view.value.q}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            look({ q: value.trim() });
          }, PAUSE_MS);
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

function States({ status: { peers, announcements } }: { status: Status }): JSX.Element {
  const { kind, state } = view.value;
  const counts: Readonly<Record<string, number | null>> =
    kind === 'consumer' ? peers.consumers : { owing: announcements.pending };
  return (
    <div class="states" role="group" aria-label="State">
      <Chip name="all" count={null} pressed={state === ''} state="" />
      {STATES[kind].map((name) => (
        <Chip key={name} name={name} count={counts[name] ?? null} pressed={state === name} state={name} />
      ))}
      <SortSelect />
    </div>
  );
}

function Chip(props: { name: string; count: number | null; pressed: boolean; state: string }): JSX.Element {
  const { name, count, pressed, state } = props;
  return (
    <button
      type="button"
      class={count === 0 ? 'none' : ''}
      aria-pressed={pressed}
      onClick={() => {
        look({ state: pressed ? '' : state });
      }}
    >
      {state !== '' && <StateMark state={state} />}
      {name} {count !== null && <span class="n">{grouped(count)}</span>}
    </button>
  );
}

const SORTS = [
  ['problems', 'problems first'],
  ['uuid', 'UUID'],
  ['ip', 'address'],
  ['-since', 'newest change'],
  ['-latency', 'slowest'],
  ['checked', 'longest unchecked'],
  ['-failures', 'most failures'],
] as const;

/** For narrow screens, which have no heads of columns to click. */
function SortSelect(): JSX.Element {
  const { sort } = view.value;
  return (
    <label class="sort">
      <span class="hidden">Sort by</span>
      <select
        value={sort}
        onChange={({ currentTarget: { value } }) => {
          look({ sort: value });
        }}
      >
        {SORTS.every(([name]) => name !== sort) && <option value={sort}>{sort}</option>}
        {SORTS.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Notes(): JSX.Element | null {
  const at = rowsAsOf.value;
  const old = at !== undefined && now.value - at > OLD_MS;
  if (trouble.value === '' && !old) return null;
  return (
    <p class="note" role="status">
      {trouble.value === ''
        ? `What is said of the peers is of ${ago(at ?? null)}.`
        : `Could not ask for the peers: ${trouble.value}.`}
    </p>
  );
}

function EmptyRegistry(): JSX.Element {
  return (
    <div class="empty">
      <p>
        <b>The registry has no consumers yet.</b> They come in by themselves: the API of this node writes each consumer
        that calls it into the registry, and the scheduler checks it within seconds.
      </p>
      <p>
        To begin with one by hand: <code>consumer-scheduler peers add consumer UUID IP</code>
      </p>
    </div>
  );
}
