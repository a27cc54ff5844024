import { chromium } from 'playwright-core';
import { chromiumPath, visit } from '../.build/spec/support/page/browser.js';
import { FixtureServer } from '../.build/spec/support/page/fixtureServer.js';
import { worldOf } from '../.build/spec/support/page/picture.js';
import { median, report, table } from './figures.mjs';

/**
 * The status page in a headless Chromium over many peers: the time to its first paint, and the time between the frames
 * while the mouse wheel scrolls the table of peers.
 *
 * npm run build && npx tsc -b spec && node bench/page.mjs [PEERS [TURNS]]
 */

const PEERS = Number(process.argv[2] ?? 10_000);
const TURNS = Number(process.argv[3] ?? 5);
const WHEELS = 100;
const WHEEL_PX = 300;
const WHEEL_EVERY_MS = 20;

const executablePath = chromiumPath();
if (executablePath === undefined) {
  console.error('bench/page.mjs needs chromium');
  process.exit(2);
}
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const server = new FixtureServer(worldOf(PEERS, Date.now()));
await server.up();

const paints = [];
const gaps = [];
for (let turn = 0; turn < TURNS; turn++) {
  const { page } = await visit(browser, server.url);
  await page.locator('.all .row[data-row]').first().waitFor();
  paints.push(await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`));
  await page.locator('.scroller').hover();
  await page.evaluate(`
    window.gaps = [];
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
      window.gaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    });
  `);
  for (let i = 0; i < WHEELS; i++) {
    await page.mouse.wheel(0, WHEEL_PX);
    await page.waitForTimeout(WHEEL_EVERY_MS);
  }
  gaps.push(...(await page.evaluate('window.gaps.slice(1)')));
  await page.context().close();
}
await browser.close();
await server.down();

const sorted = gaps.toSorted((a, b) => a - b);
const at = (share) => sorted[Math.floor(sorted.length * share)];
const ms = (value) => `${value.toFixed(0)} ms`;
report(
  'The page',
  table(
    ['peers', 'first paint', 'frames', 'median', 'p95', 'p99', 'longest'],
    [[PEERS, ms(median(paints)), gaps.length, ms(at(0.5)), ms(at(0.95)), ms(at(0.99)), ms(sorted.at(-1))]],
  ),
  { peers: PEERS, paints, frames: gaps.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: sorted.at(-1) },
);
