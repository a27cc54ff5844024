import type { JSX } from 'preact';
import { Address } from './addressKnown.js';
import { Drawer } from './drawer.js';
import { Footer } from './footer.js';
import { Happened } from './happened.js';
import { Lines } from './lines.js';
import { OverTime } from './overTime.js';
import { Peers } from './peers.js';
import { Rounds } from './rounds.js';
import { status } from './state.js';
import { Verdict } from './verdict.js';

/** The whole page, in the order of an operator's questions. */
export function App(): JSX.Element | null {
  const known = status.value;
  if (known === undefined) return null;
  return (
    <>
      <Verdict status={known} />
      <div class="grid">
        <Lines status={known} />
        <Address status={known} />
        <Rounds status={known} />
        <Peers status={known} />
        <OverTime />
        <Happened />
      </div>
      <Footer status={known} />
      <Drawer />
    </>
  );
}
