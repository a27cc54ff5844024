import axe from 'axe-core';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { launch, visit, type Visit } from '../support/page/browser.js';
import { FixtureServer } from '../support/page/fixtureServer.js';
import { ordinaryDay } from '../support/page/ordinaryDay.js';
import { worldOf, type World } from '../support/page/picture.js';

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const HOSTILE = `<img src=x onerror="document.title='owned'">\u202e`;

describe('the page', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: FixtureServer;
  let open: Visit;

  before(async function () {
    browser = await launch(this);
  });
  after(async () => {
    await browser.close();
  });
  afterEach(async () => {
    expect(open.complaints).to.deep.equal([]);
    await open.page.context().close();
    await server.down();
  });

  async function start(world: World, options: BrowserContextOptions & { base?: string; hash?: string } = {}) {
    const { base = '/', hash = '', ...rest } = options;
    server = new FixtureServer(world, base);
    await server.up();
    open = await visit(browser, server.url + hash, rest);
    return open.page;
  }
  const rowsOf = (page: Page) => page.locator('.all .row[data-row]');
  const text = (page: Page, selector: string) => page.locator(selector).first().innerText();

  it('says in one sentence how the node is, in the tab as well', async () => {
    const world = worldOf(200, Date.now());
    const page = await start(world);
    await rowsOf(page).first().waitFor();
    expect(await page.locator('h1').innerText()).to.equal(world.status.summary);
    expect(await page.title()).to.equal(world.status.summary);
    expect(await page.locator('link[rel=icon]').getAttribute('href')).to.include(encodeURIComponent('#1f9d61'));
  });

  it('shows what changes as it changes, and asks for no more than what is in sight', async () => {
    const page = await start(worldOf(3_000, Date.now()));
    await rowsOf(page).first().waitFor();
    await eventually(async () => {
      expect(await text(page, '.pulse')).to.include('live');
    });
    server.tell({
      level: 'bad',
      summary: 'We seem to be offline since 13:40.',
      problems: [
        { code: 'isolated', level: 'bad', since: Date.now(), text: 'No witness answers.', advice: 'Check it.' },
      ],
    });
    const peer = server.world.consumers[50];
    server.happen({ type: 'peer.unavailable', at: Date.now(), text: 'b1 is unavailable', data: { uuid: peer?.uuid } });
    await eventually(async () => {
      expect(await page.title()).to.equal('We seem to be offline since 13:40.');
      expect(await text(page, '.problems .bad')).to.include('Check it.');
      expect(await text(page, '.journal')).to.include('b1 is unavailable');
    });
    expect(await page.locator('link[rel=icon]').getAttribute('href')).to.include(encodeURIComponent('#d13b3b'));
    await eventually(() => {
      expect(server.asked.filter((path) => path.includes('/api/peers')).length).to.be.greaterThan(1);
    });
    expect(server.asked.filter((path) => path.includes('/api/peers') && path.includes('cursor'))).to.deep.equal([]);
    expect(server.asked.filter((path) => path.includes('/api/status'))).to.have.length(1);
  });

  it('paints 10,000 peers within a second, keeps few of them on the page, and finds the last', async () => {
    const world = worldOf(10_000, Date.now());
    const page = await start(world);
    await rowsOf(page).first().waitFor();
    const painted = await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`);
    expect(painted).to.be.lessThan(1_000);
    expect(await text(page, '.count')).to.equal('10,000 consumers');
    await page.locator('.all .row a').first().focus();
    await page.keyboard.press('End');
    await page.locator('[data-row="9999"]').waitFor();
    const last = world.consumers[9_999]?.uuid.slice(0, 8);
    expect(await text(page, '[data-row="9999"] .c-peer')).to.equal(last);
    expect(await rowsOf(page).count()).to.be.lessThan(60);
    expect(await page.locator('[role=table]').getAttribute('aria-rowcount')).to.equal('10001');
  });

  it('keeps search, filter and sort in the address', async () => {
    const world = worldOf(500, Date.now());
    const page = await start(world);
    await rowsOf(page).first().waitFor();
    await page.keyboard.press('/');
    const wanted = world.consumers[321];
    await page.keyboard.type(wanted?.uuid.slice(0, 13) ?? '');
    await eventually(async () => {
      expect(await rowsOf(page).count()).to.equal(1);
      expect(page.url()).to.include('q=');
    });
    await page.goto(`${server.url}#state=unavailable&sort=-uuid`);
    await page.reload();
    await eventually(async () => {
      const away = world.consumers.filter(({ state }) => state === 'unavailable').map(({ uuid }) => uuid.slice(0, 8));
      expect(await page.locator('.all .c-peer').allInnerTexts()).to.deep.equal(away.sort().reverse());
    });
    expect(await page.locator('[aria-sort=descending]').innerText()).to.include('Peer');
    expect(await page.locator('.states [aria-pressed=true]').innerText()).to.include('unavailable');
  });

  it('opens a peer by the keyboard, and closes it with Esc', async () => {
    const page = await start(worldOf(100, Date.now()));
    await rowsOf(page).first().waitFor();
    await page.locator('.all .row a').first().focus();
    await page.keyboard.press('ArrowDown');
    await eventually(async () => {
      expect(await page.evaluate(`document.activeElement.closest('.row')?.dataset.row`)).to.equal('1');
    });
    await page.keyboard.press('Enter');
    await page.locator('dialog .hours').waitFor();
    expect(await page.locator('dialog h2').innerText()).to.equal(server.world.consumers[1]?.uuid);
    expect(await text(page, 'dialog .curl pre')).to.include('/sync');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(page.url()).to.not.include('peer=');
  });

  it('says that it is stale when the scheduler is gone, and goes on by itself when it is back', async () => {
    const page = await start(worldOf(50, Date.now()));
    await rowsOf(page).first().waitFor();
    server.happen({ type: 'config.reloaded', at: Date.now(), text: 'configuration reloaded', data: {} });
    await page.getByText('configuration reloaded').waitFor();
    await server.down();
    await eventually(async () => {
      expect(await text(page, '#banner')).to.match(
        /No word from the scheduler for \d+ s; what you see is of \d\d:\d\d:\d\d/,
      );
    });
    expect(await page.title()).to.equal('No word from the scheduler');
    await server.up();
    server.happen({ type: 'redis.up', at: Date.now() + 5, text: 'Redis is back', data: {} });
    await page.locator('.stale').waitFor({ state: 'detached' });
    await page.getByText('Redis is back').waitFor();
    expect(await page.getByText('configuration reloaded').count()).to.equal(1);
    // The browser itself tells of calls that found nobody, and nothing else went wrong.
    expect(open.complaints.filter((one) => !one.includes('net::ERR_'))).to.deep.equal([]);
    open.complaints.length = 0;
  });

  it('draws its lines later where what draws them could not be had at once', async () => {
    const page = await start(worldOf(50, Date.now()));
    await page.route('**/draw.js', (route) => route.abort());
    await page.reload();
    await rowsOf(page).first().waitFor();
    await page.locator('.plot canvas').nth(3).waitFor();
    expect(open.complaints.filter((one) => !one.includes('net::ERR_FAILED'))).to.deep.equal([]);
    open.complaints.length = 0;
  });

  it('shows what strangers wrote as text', async () => {
    const world = worldOf(30, Date.now());
    const [first] = world.consumers;
    if (first === undefined) throw new Error('there is a first one');
    world.consumers[0] = { ...first, uuid: HOSTILE, ip: HOSTILE, error: HOSTILE, port: HOSTILE };
    const page = await start(world);
    server.happen({ type: 'peer.malformed', at: Date.now(), text: HOSTILE, data: { uuid: HOSTILE } });
    await rowsOf(page).first().waitFor();
    await page.locator('.journal a').waitFor();
    await page.locator('.all .row a').first().click();
    await page.locator('dialog .facts').waitFor();
    expect(await page.locator('img').count()).to.equal(0);
    expect(await page.locator('body').innerText())
      .to.include('onerror')
      .and.not.include('\u202e');
    expect(await page.title()).to.equal(world.status.summary);
  });

  it('works under a path', async () => {
    const page = await start(worldOf(30, Date.now()), { base: '/nodes/a/' });
    await rowsOf(page).first().waitFor();
    await page.locator('.plot canvas').nth(3).waitFor();
    expect(server.asked.filter((path) => !path.startsWith('/nodes/a/'))).to.deep.equal([]);
  });

  it('says how peers come in where there are none', async () => {
    const world = worldOf(0, Date.now());
    const page = await start({ ...world, samples: [] });
    await page.getByText('The registry has no consumers yet.').waitFor();
    await page.getByText('A sample is taken once a minute').waitFor();
    expect(await text(page, '.ways')).to.include('unknown');
  });

  it('folds equal neighbours of the journal', async () => {
    const page = await start(worldOf(100, Date.now()));
    await rowsOf(page).first().waitFor();
    for (let i = 0; i < 14; i++) {
      server.happen({
        type: 'peer.unavailable',
        at: Date.now() + i,
        text: `peer ${String(i)} is unavailable`,
        data: {},
      });
    }
    await page.getByText('14 peers are unavailable').click();
    await page.getByText('peer 13 is unavailable').waitFor();
  });

  it('needs no script to be read', async () => {
    const world = worldOf(100, Date.now());
    const page = await start(world, { javaScriptEnabled: false });
    expect(await page.locator('h1').innerText()).to.include(world.status.summary);
    expect(await page.locator('tbody').last().locator('tr').count()).to.equal(30);
  });

  it('fits a phone', async () => {
    const page = await start(worldOf(300, Date.now()), PHONE);
    await rowsOf(page).first().waitFor();
    await page.locator('.plot canvas').nth(3).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(390);
  });

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', PHONE],
  ] as const) {
    it(`is accessible: ${name}`, async () => {
      const world = worldOf(300, Date.now());
      const problems = (['bad', 'notice'] as const).map((level) => ({
        code: level,
        level,
        since: Date.now(),
        text: 'It is.',
        advice: 'Do.',
      }));
      const status = { ...world.status, problems };
      const page = await start({ ...world, status }, { ...options, bypassCSP: true, reducedMotion: 'reduce' });
      for (const entry of ordinaryDay(Date.now(), world)) server.happen(entry);
      await page.locator('.plot canvas').nth(3).waitFor();
      expect(await violations(page)).to.deep.equal([]);
      await page.locator('.all .row a').first().click();
      await page.locator('dialog .hours').waitFor();
      expect(await violations(page)).to.deep.equal([]);
    });
  }

  it('is accessible before its script runs', async () => {
    const page = await start(worldOf(300, Date.now()), { bypassCSP: true });
    await page.route('**/main.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await page.reload();
    expect(await page.locator('.snapshot').count()).to.equal(1);
    expect(await violations(page)).to.deep.equal([]);
  });

  it('is another colour in the dark', async () => {
    const page = await start(worldOf(30, Date.now()), { colorScheme: 'dark' });
    await rowsOf(page).first().waitFor();
    const colour = (): Promise<string> =>
      page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const dark = await colour();
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await colour()).to.not.equal(dark);
  });
});

/** What axe finds, in short. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate<axe.AxeResults>('axe.run()');
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}
