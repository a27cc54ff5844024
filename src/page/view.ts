import { effect, signal } from '@preact/signals';

/** What is looked at: it stands behind the # of the page's address, so that a link keeps it and no server's log sees it. */
export interface View {
  readonly kind: 'consumer' | 'producer';
  readonly state: string;
  readonly q: string;
  readonly sort: string;
  /** The UUID of the peer in the drawer, empty for none. */
  readonly peer: string;
}

const PLAIN: View = { kind: 'consumer', state: '', q: '', sort: 'problems', peer: '' };

export const view = signal<View>(read());

/** Changes a part of what is looked at. */
export function look(change: Partial<View>): void {
  view.value = { ...view.value, ...change };
}

/** The address of this page with a part of what is looked at changed. */
export function linkTo(change: Partial<View>): string {
  const next = { ...view.value, ...change };
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(next) as [keyof View, string][]) {
    if (value !== PLAIN[name]) said.set(name, value);
  }
  return `#${said.toString()}`;
}

function read(): View {
  const said = new URLSearchParams(location.hash.slice(1));
  const text = (name: keyof View): string => said.get(name) ?? PLAIN[name];
  return {
    kind: text('kind') === 'producer' ? 'producer' : 'consumer',
    state: text('state'),
    q: text('q').slice(0, 100),
    sort: text('sort'),
    peer: text('peer'),
  };
}

/** Keeps the address and the view in step, both ways. */
export function keepInAddress(): void {
  effect(() => {
    // Reading `view` here subscribes; the address is compared as it is written in the bar.
    const link = linkTo({ ...view.value });
    if (link !== (location.hash === '' ? '#' : location.hash)) history.replaceState(null, '', link);
  });
  addEventListener('hashchange', () => {
    view.value = read();
  });
}
