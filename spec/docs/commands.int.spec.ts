import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { Example } from '../support/example.js';
import { NOT_RUN } from '../support/docs/notRun.js';
import { comparable } from '../support/docs/output.js';
import { blocksOf, PAGES, type Block } from '../support/docs/pages.js';
import { Shell } from '../support/docs/shell.js';
import { freePort } from '../support/freePort.js';
import { register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
/** The peer that the examples of the commands speak of. */
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const CALLER = 'cccccccc-0000-4000-8000-000000000000';
const SECRET = 'a secret of this network';
const SHOWN = '6f1d3c9e-3f0a-4b53-9a51-0d6f2a5be001';
/** Commands that go on until a signal, and end well by it. */
const ENDLESS = /^consumer-scheduler($| run\b| .* --(watch|follow)\b)/;

/** The commands of a block: a line each, continued ones joined, comments left out. */
function linesOf({ text }: Block): readonly string[] {
  return text
    .replaceAll(/ *\\\n */g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)# .*$/, '').trim())
    .filter((line) => line !== '')
    .map((line) => line.replace(/\bnode dist\/main\.js\b|\bnpm start(?: --(?= ))?/, 'consumer-scheduler').trim());
}

const TUTORIAL = 'docs/tutorial.md';
const blocks = PAGES.filter(({ path }) => path !== TUTORIAL)
  .flatMap(blocksOf)
  .filter(({ language }) => language === 'sh');
/** What asks an API, or prepares that. */
const isCall = (line: string): boolean => /^(curl -i http:\/\/127\.0\.0\.1:808[01]\/|SECRET='|V1=\$\()/.test(line);
const isSetting = (line: string): boolean =>
  /^CONSUMER_SCHEDULER__\w+=\S+( |$)/.test(line) || /^\w+='[^']*'$/.test(line);
const isNotRun = (line: string): boolean => NOT_RUN.some(({ line: pattern }) => pattern.test(line));

describe('the commands in the documentation', function () {
  this.timeout(120_000);
  let server: RedisServer;
  let redis: Redis;
  let scheduler: Scheduler;
  let api: Endpoint;
  let hook: Server;
  let folder: string;
  let port: number;
  let shell: Shell;
  let config: object;
  let consumerApi: Example;
  let signedApi: Example;
  let producer: Example;

  before(async () => {
    server = await RedisServer.start();
    redis = server.client();
    api = await startConsumer({ uuid: PEER, host: '127.0.0.1' });
    hook = createServer((_, response) => response.end());
    await once(hook.listen(0, '127.0.0.1'), 'listening');
    port = await freePort();
    const { port: hookPort } = hook.address() as AddressInfo;
    config = {
      uuid: US,
      redis: { url: server.url },
      publicIp: { override: '127.0.0.1' },
      network: { allow: ['loopback', 'public'] },
      status: { port },
      notify: [{ webhook: `http://127.0.0.1:${hookPort}/`, events: ['isolated'] }],
    };
    folder = mkdtempSync(join(tmpdir(), 'commands-'));
    for (const name of ['node.yaml', 'my.yaml', 'config.yaml'])
      writeFileSync(join(folder, name), JSON.stringify(config));
    const line = JSON.stringify({ kind: 'consumer', uuid: PEER, ip: '127.0.0.1', port: api.port });
    writeFileSync(join(folder, 'peers.jsonl'), `${line}\n`);
    writeFileSync(join(folder, 'consumers.csv'), `kind,uuid,ip,port\nconsumer,${PEER},127.0.0.1,${api.port}\n`);
    scheduler = await Scheduler.start(config);
    await scheduler.logged(({ event }) => event === 'round.finished');
    const known = { LOCAL_UUID: US, REDIS_URL: server.url };
    consumerApi = await Example.start('consumer-api.mjs', known);
    signedApi = await Example.start('consumer-api.mjs', { ...known, SIGNING_SECRET: SECRET });
    producer = await Example.start('producer.mjs', {});
    shell = Shell.start(folder, { env: { CONSUMER_SCHEDULER_CONFIG: join(folder, 'config.yaml') } });
  });
  after(async () => {
    await shell.end();
    for (const one of [consumerApi, signedApi, producer]) await one.stop();
    await scheduler.stop();
    await api.goDark();
    hook.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    for (const uuid of [PEER, SHOWN]) {
      await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: api.port });
    }
  });

  /** The line with what is this spec's own in place of what a reader has. */
  const own = (line: string): string =>
    line
      .replaceAll(/redis:\/\/127\.0\.0\.1:6379(\/0)?/g, server.url)
      .replaceAll('/etc/consumer-scheduler/config.yaml', join(folder, 'config.yaml'))
      .replaceAll('/etc/bash_completion.d', folder)
      .replaceAll('http://127.0.0.1:9464', `http://127.0.0.1:${port}`)
      .replaceAll('http://127.0.0.1:8080', line.includes('x-consumer-signature') ? signedApi.url : consumerApi.url)
      .replaceAll(/http:\/\/(127\.0\.0\.1:8081|192\.168\.1\.9)(?=\/|$| )/g, producer.url)
      // To this API we are another node.
      .replaceAll(US, isCall(line) ? CALLER : US)
      // Addresses for documentation stand for those of peers, and are never called themselves.
      .replaceAll('203.0.113.7', '93.184.216.34')
      // Only fish has this.
      .replaceAll('| source', '| cat');

  const inFolder = async (line: string): Promise<{ output: string; code: number }> => {
    // The one writes where the others read, the other is shown for the defaults.
    if (/ (init|plan)\b/.test(line)) {
      const fresh = mkdtempSync(join(folder, 'fresh-'));
      return shell.run(`(cd '${fresh}' && unset CONSUMER_SCHEDULER_CONFIG && ${line} < /dev/null)`);
    }
    if (!ENDLESS.test(line.replace(/^(\w+=\S+ )+/, ''))) return shell.run(`${line} < /dev/null`);
    // It has said something, and ends well by a signal.
    const waits = `rm -f endless.log; (${line.replace('consumer-scheduler', 'exec consumer-scheduler')}) > endless.log 2>&1 & pid=$!`;
    const looks =
      'until [ -s endless.log ]; do sleep 0.05; done; kill $pid; wait $pid; code=$?; cat endless.log; (exit $code)';
    return shell.run(`${waits}\n${looks}`);
  };

  /** Several pages have the same lines: what was run before is not run again. */
  const results = new Map<string, ReturnType<typeof inFolder>>();
  const ranOnce = (line: string): ReturnType<typeof inFolder> => {
    const result = results.get(line) ?? inFolder(line);
    results.set(line, result);
    return result;
  };

  for (const block of blocks) {
    const lines = linesOf(block).filter((line) => !isNotRun(line));
    if (lines.length === 0) continue;
    it(`run in ${block.page}, line ${block.line}`, async () => {
      let printed = '';
      for (const line of lines) {
        // A setting for the environment is tried on a command that reads all of them.
        const { output, code } = await ranOnce(own(isSetting(line) ? `${line} consumer-scheduler check-config` : line));
        expect(code, `${line}\n${output}`).to.equal(0);
        if (line.startsWith('curl ')) expect(output, line).to.match(/^HTTP\/1\.1 2\d\d /m);
        printed += output;
      }
      const all = blocksOf(PAGES.find(({ path }) => path === block.page) ?? { path: '', text: '' });
      const next = all[all.findIndex(({ line }) => line === block.line) + 1];
      if (next?.language !== 'text') return;
      expect(comparable(printed)).to.include.members(comparable(next.text));
    });
  }

  it('are all there, and each is run or has a reason not to be', () => {
    const lines = blocks.flatMap(linesOf);
    expect(lines.length).to.be.greaterThan(50);
    for (const line of lines.filter((one) => !isNotRun(one))) {
      expect(isSetting(line) || isCall(line) || line.includes('consumer-scheduler'), line).to.equal(true);
    }
    for (const { line: pattern } of NOT_RUN) {
      expect(
        lines.some((line) => pattern.test(line)),
        String(pattern),
      ).to.equal(true);
    }
  });
});
