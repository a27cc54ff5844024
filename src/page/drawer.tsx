import { useComputed, useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { grouped, millis, percent } from '../domain/text/figures.js';
import { escaped, nameOf } from '../domain/text/printable.js';
import type { ConsumerRow, PeerDetail, ProducerRow } from '../status/schema.js';
import { getJson } from './base.js';
import { DayStrip, HourGrid } from './historyMarks.js';
import { RecentStrip, recentWords, StateMark } from './marks.js';
import { journal, status } from './state.js';
import { look, view } from './view.js';
import { ago, held, timeOf, until } from './words.js';

const REFRESH_MS = 10_000;

/** One peer with its history and its events, over the page; Esc closes it. */
export function Drawer(): JSX.Element | null {
  return view.value.peer === '' ? null : <Opened key={view.value.peer} kind={view.value.kind} uuid={view.value.peer} />;
}

function close(): void {
  look({ peer: '' });
}

function Opened({ kind, uuid }: { kind: string; uuid: string }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const detail = useSignal<PeerDetail | undefined>(undefined);
  const trouble = useSignal('');
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEffect(() => followPeer(kind, uuid, detail, trouble), [kind, uuid]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="drawer"
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <div class="drawer">
        <div class="head">
          <h2 id="drawer">{nameOf(uuid)}</h2>
          <button type="button" class="close" onClick={close}>
            Close <kbd aria-hidden="true">Esc</kbd>
          </button>
        </div>
        {trouble.value !== '' && <p class="note">Could not ask for it: {trouble.value}.</p>}
        {detail.value !== undefined && <Facts detail={detail.value} />}
        <Events uuid={uuid} />
      </div>
    </dialog>
  );
}

function followPeer(
  kind: string,
  uuid: string,
  detail: Signal<PeerDetail | undefined>,
  trouble: Signal<string>,
): () => void {
  const controller = new AbortController();
  const load = async (): Promise<void> => {
    try {
      const path = `api/peers/${kind}/${encodeURIComponent(uuid)}`;
      detail.value = await getJson<PeerDetail>(path, controller.signal);
      trouble.value = '';
    } catch (error) {
      if (!controller.signal.aborted) trouble.value = error instanceof Error ? error.message : String(error);
    }
  };
  void load();
  const timer = setInterval(() => void load(), REFRESH_MS);
  return () => {
    clearInterval(timer);
    controller.abort();
  };
}

function Facts({ detail }: { detail: PeerDetail }): JSX.Element {
  const { peer, history, url } = detail;
  return (
    <>
      <p class={`now s-${peer.state}`}>
        <StateMark state={peer.state} /> <b>{peer.state}</b>
        {peer.kind === 'consumer' && peer.state_since !== null && <span> for {held(peer.state_since)}</span>}
        {peer.error !== null && <span class="why">{escaped(peer.error)}</span>}
      </p>
      <dl class="facts">{peer.kind === 'consumer' ? <ConsumerFacts peer={peer} /> : <ProducerFacts peer={peer} />}</dl>
      {peer.kind === 'consumer' && (
        <figure>
          <figcaption>Last 60 checks: {recentWords(peer.recent)}</figcaption>
          <RecentStrip recent={peer.recent} height={24} />
        </figure>
      )}
      {history !== null && (
        <>
          <HourGrid hours={history.hours} />
          <DayStrip days={history.days} />
        </>
      )}
      {url !== null && <Curl kind={peer.kind} url={url} />}
    </>
  );
}

function Fact({ name, children }: { name: string; children: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function ConsumerFacts({ peer }: { peer: ConsumerRow }): JSX.Element {
  const knows = peer.knows_ip === null ? 'unknown' : peer.knows_ip ? 'yes' : 'not yet';
  return (
    <>
      <Fact name="Address">{`${escaped(peer.ip ?? '–')}${peer.port === null ? '' : `, port ${escaped(peer.port)}`}`}</Fact>
      <Fact name="Checked">{ago(peer.checked_at)}</Fact>
      <Fact name="Last answer">{ago(peer.last_ok_at)}</Fact>
      <Fact name="Last called us">{peer.last_seen === null ? 'unknown' : ago(peer.last_seen)}</Fact>
      <Fact name="Latency">{millis(peer.latency_ms)}</Fact>
      <Fact name="Failures in a row">{grouped(peer.failures)}</Fact>
      <Fact name="Uptime 24 h">{percent(peer.uptime_24h)}</Fact>
      <Fact name="Uptime 7 d">{percent(peer.uptime_7d)}</Fact>
      <Fact name="Knows our address">{knows}</Fact>
    </>
  );
}

function ProducerFacts({ peer }: { peer: ProducerRow }): JSX.Element {
  return (
    <>
      <Fact name="Address">{`${escaped(peer.ip ?? '–')}${peer.port === null ? '' : `, port ${escaped(peer.port)}`}`}</Fact>
      <Fact name="Acknowledged">{escaped(peer.notified_ip ?? 'nothing yet')}</Fact>
      <Fact name="When">{ago(peer.notified_at)}</Fact>
      <Fact name="Attempts">{grouped(peer.attempts)}</Fact>
      <Fact name="Next attempt">{peer.next_at === null ? 'none is due' : until(peer.next_at)}</Fact>
    </>
  );
}

/** The call that the scheduler makes, to be tried by hand. */
function Curl({ kind, url }: { kind: string; url: string }): JSX.Element {
  const body = { uuid: status.value?.uuid ?? '', ...(kind === 'producer' && { ip: status.value?.ip.value }) };
  const quotedForShell = (text: string): string => `'${escaped(text).replaceAll("'", `'\\''`)}'`;
  const command = `curl -X POST -H 'content-type: application/json' -d ${quotedForShell(JSON.stringify(body))} ${quotedForShell(url)}`;
  return (
    <figure class="curl">
      <figcaption>The call, by hand</figcaption>
      <pre tabIndex={0}>{command}</pre>
    </figure>
  );
}

function Events({ uuid }: { uuid: string }): JSX.Element | null {
  const own = useComputed(() => journal.value.filter(({ data }) => data.uuid === uuid));
  if (own.value.length === 0) return null;
  return (
    <>
      <h3>Events</h3>
      <ol class="journal">
        {own.value.map(({ at, type, text }) => (
          <li key={`${at} ${type}`}>
            <time>{timeOf(at)}</time> <span>{escaped(text)}</span>
          </li>
        ))}
      </ol>
    </>
  );
}
