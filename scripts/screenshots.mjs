import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, ensureChromium, install, root } from './setup.mjs';

/** Pictures of the page for docs/images, of a made-up node; with a folder as argument they go there. */

const LARGEST_KB = 300;

if (!install() || !build()) process.exit(1);
const executablePath = ensureChromium();
if (executablePath === undefined) process.exit(1);

const built = (path) => import(pathToFileURL(join(root, '.build/spec/support/page', path)).href);
const { FixtureServer } = await built('fixtureServer.js');
const { worldOf } = await built('picture.js');
const { ordinaryDay } = await built('ordinaryDay.js');
const { chromium } = await import('playwright-core');

const folder = process.argv[2] ?? join(root, 'docs/images');
mkdirSync(folder, { recursive: true });
const server = new FixtureServer(worldOf(1_500, Date.now()));
for (const entry of ordinaryDay(Date.now(), server.world)) server.happen(entry);
await server.up();
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

const desktop = { viewport: { width: 1280, height: 1296 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
await shoot('page-light.png', { ...desktop, colorScheme: 'light' });
await shoot('page-dark.png', { ...desktop, colorScheme: 'dark' });
await shoot('page-phone.png', { ...phone, colorScheme: 'light' });
await shoot(
  'page-peer.png',
  { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  `#peer=${server.world.consumers[5].uuid}`,
);

await browser.close();
await server.down();

async function shoot(name, options, hash = '') {
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(server.url + hash);
  await page.locator('.plot canvas').nth(3).waitFor({ state: 'attached' });
  await page.locator('.all .row .recent').first().waitFor();
  if (hash !== '') await page.locator('dialog .hours').waitFor();
  const path = join(folder, name);
  await page.screenshot({ path });
  await context.close();
  const kb = statSync(path).size / 1_024;
  console.log(`${path}: ${kb.toFixed(0)} kB${kb > LARGEST_KB ? ', which is too large' : ''}`);
}
