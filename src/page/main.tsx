import { effect } from '@preact/signals';
import { render } from 'preact';
import { keepInAddress } from './view.js';
import { App } from './app.js';
import { Banner } from './banner.js';
import { showInTab } from './icon.js';
import { follow } from './live.js';
import { followPeers } from './peerPages.js';
import { stale, status } from './state.js';

const app = document.getElementById('app');
const banner = document.getElementById('banner');

if (banner !== null) render(<Banner />, banner);

/** What the server drew stays until there is something newer to show. */
const stop = effect(() => {
  if (status.value === undefined || app === null) return;
  queueMicrotask(() => {
    stop();
    app.replaceChildren();
    render(<App />, app);
  });
});

effect(() => {
  document.body.classList.toggle('lost', stale.value);
  if (stale.value) showInTab('lost', 'No word from the scheduler');
  else if (status.value !== undefined) showInTab(status.value.level, status.value.summary);
});

keepInAddress();
followPeers();
void follow();
