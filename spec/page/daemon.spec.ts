import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { Producer } from '#swarm/producer.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { launch, visit, type Visit } from '../support/page/browser.js';
import { register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEERS = Array.from('abcdef', (digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`);
const PRODUCER = '99999999-0000-4000-8000-000000000000';
const TOKEN = 'a-token-of-24-characters';
/** How a browser reports calls that found nobody. */
const NOBODY = 'net::ERR_';

describe('the page of a running scheduler', function () {
  this.timeout(60_000);
  let browser: Browser;
  let server: RedisServer;
  let consumers: Endpoint[];
  let producer: Producer;
  let scheduler: Scheduler | undefined;
  let open: Visit | undefined;
  let port: number;

  before(async function () {
    browser = await launch(this);
  });
  after(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    port = await freePort();
    server = await RedisServer.start();
    consumers = await Promise.all(PEERS.map((uuid) => startConsumer({ uuid, host: '127.0.0.1' })));
    producer = await Producer.start({ host: '127.0.0.1' });
    const redis = server.client();
    for (const [i, { port: at }] of consumers.entries()) {
      await register(redis, 'consumer', PEERS[i] ?? '', { ip: '127.0.0.1', port: at });
    }
    await register(redis, 'producer', PRODUCER, { ip: '127.0.0.1', port: producer.endpoint.port });
  });
  afterEach(async () => {
    await open?.page.context().close();
    open = undefined;
    await scheduler?.kill();
    await scheduler?.clear();
    scheduler = undefined;
    for (const endpoint of [...consumers, producer.endpoint]) await endpoint.goDark();
    await server.stop();
  });

  /** Starts it and waits until it serves the page. */
  async function start(status: object = {}): Promise<void> {
    scheduler = await Scheduler.start({
      uuid: US,
      redis: { url: server.url },
      sync: { interval: '500ms', timeout: '2s', suspectInterval: '300ms', unavailable: { interval: '500ms' } },
      publicIp: { override: '127.0.0.1' },
      announce: { timeout: '2s', retry: { initial: '50ms', max: '200ms' } },
      network: { allow: ['loopback'] },
      status: { port, ...status },
    });
    await eventually(async () => {
      expect((await fetch(`http://127.0.0.1:${String(port)}/`).catch(() => undefined))?.status).to.not.equal(undefined);
    });
  }

  it('shows who answers, and within moments who does not any more', async () => {
    await start();
    open = await visit(browser, `http://127.0.0.1:${String(port)}/`);
    const { page, complaints } = open;
    await eventually(async () => {
      expect(await page.locator('.all .row[data-row]').count()).to.equal(PEERS.length);
      expect(await page.locator('h1').innerText()).to.include('Well connected: 6 of 6 consumers answer');
      expect(await page.locator('.known').innerText()).to.include('1 of 1');
    });
    await consumers[2]?.goDark();
    await eventually(async () => {
      const first = await page.locator('.all .row[data-row="0"]').innerText();
      expect(first).to.include('cccccccc').and.include('unavailable').and.include('refused');
      expect(await page.locator('.journal').innerText()).to.match(/cccccccc.* is unavailable/);
    });
    await page.locator('.all .row a').first().click();
    await page.locator('dialog .curl').waitFor();
    expect(await page.locator('dialog').innerText()).to.include(PEERS[2]);
    expect(complaints).to.deep.equal([]);
  });

  it('works under a path and behind a token', async () => {
    await start({ basePath: '/nodes/a', token: TOKEN });
    const httpCredentials = { username: 'any', password: TOKEN, send: 'always' as const };
    open = await visit(browser, `http://127.0.0.1:${String(port)}/nodes/a/`, { httpCredentials });
    await eventually(async () => {
      expect(await open?.page.locator('.all .row[data-row]').count()).to.equal(PEERS.length);
      expect(await open?.page.locator('.pulse').innerText()).to.include('live');
    });
    expect(open.complaints).to.deep.equal([]);
  });

  it('says that the scheduler is gone, and goes on when another takes its place', async () => {
    await start();
    open = await visit(browser, `http://127.0.0.1:${String(port)}/`);
    const { page, complaints } = open;
    await page.locator('.all .row[data-row]').first().waitFor();
    await scheduler?.kill();
    await scheduler?.clear();
    await page.getByText(/No word from the scheduler for \d+ s/).waitFor();
    await start();
    await page.locator('.stale').waitFor({ state: 'detached' });
    await eventually(async () => {
      expect(await page.locator('h1').innerText()).to.include('6 of 6 consumers answer');
    });
    expect(complaints.filter((one) => !one.includes(NOBODY))).to.deep.equal([]);
  });

  it('goes on while Redis is away, and says what it shows is old', async () => {
    await start();
    open = await visit(browser, `http://127.0.0.1:${String(port)}/`);
    const { page } = open;
    await page.locator('.all .row[data-row]').first().waitFor();
    await server.kill();
    await eventually(async () => {
      expect(await page.locator('h1').innerText()).to.include("Redis can't be used");
      expect(await page.locator('.lamps').innerText()).to.include('no Redis');
    });
    expect(await page.locator('.problems').innerText()).to.include('Check that Redis runs');
    expect(await page.locator('.all .row[data-row]').count()).to.equal(PEERS.length);
  });
});
