import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { MAIN, Program } from '../support/program.js';
import { keys, privateRedis, register } from '../support/registry.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const A = 'aaaaaaaa-0000-4000-8000-000000000000';
const B = 'bbbbbbbb-0000-4000-8000-000000000000';

/** The commands that look at a scheduler and at what it has to work with. */
describe('the commands that look', function () {
  this.timeout(60_000);
  const shared = privateRedis();
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  const onRegistry = (words: readonly string[], env: NodeJS.ProcessEnv = {}): Program =>
    Program.start([...words, '--redis', shared.server.url], { env });
  const ran = async (program: Program) => {
    const code = await program.ended();
    await program.clear();
    return { code, stdout: program.stdout, stderr: program.stderr };
  };
  /** Answers every request with this status; resolves to the port. */
  const answering = async (status: number, body = ''): Promise<number> => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  };
  const happened = (type: string, data: object, at = 1_767_225_600_000): Promise<unknown> =>
    shared.redis.xadd(keys.events, '*', 'type', type, 'at', at, 'data', JSON.stringify(data));
  /** What somebody sees at a terminal of 80 columns. */
  const seen = async (words: string): Promise<string> => {
    const line = `stty cols 80; ${process.execPath} ${MAIN} ${words} --redis ${shared.server.url}`;
    const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    return output;
  };

  describe('events', () => {
    it('tells the last ones, the newest last, in words or as JSON', async () => {
      expect((await ran(onRegistry(['events']))).stdout).to.equal('nothing has happened yet\n');
      await happened('redis.up', {});
      await happened('peer.unavailable', { uuid: A, before: 'suspect', error: 'timeout' });
      expect((await ran(onRegistry(['events']))).stdout).to.equal(
        '2026-01-01 00:00:00Z ● Redis is there\n' +
          `2026-01-01 00:00:00Z ✖ consumer ${A} is unavailable, was suspect (timeout)\n`,
      );
      const { stdout } = await ran(onRegistry(['events', '--json', '--limit', '1']));
      expect(JSON.parse(stdout)).to.deep.include({
        type: 'peer.unavailable',
        at: 1_767_225_600_000,
        data: { uuid: A, before: 'suspect', error: 'timeout' },
      });
    });

    it('follows, through an outage of Redis, and a signal ends it well', async () => {
      await happened('redis.up', {});
      const program = onRegistry(['events', '--follow', '--limit', '0']);
      await eventually(async () => {
        await happened('config.reloaded', { changed: ['sync.interval'] });
        expect(program.stdout).to.include('configuration reloaded: sync.interval changed');
      });
      expect(program.stdout).to.not.include('Redis is there');
      await shared.redis.config('SET', 'maxclients', '1');
      await shared.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await eventually(() => {
        expect(program.stderr).to.match(/^Redis can't be used: /);
      });
      await shared.redis.config('SET', 'maxclients', '100');
      await eventually(() => {
        expect(program.stderr).to.match(/Redis is there again\n$/);
      });
      await happened('redis.down', { reason: 'gone' });
      await eventually(() => {
        expect(program.stdout).to.match(/✖ Redis can't be used: gone\n$/);
      });
      program.child.kill('SIGINT');
      expect(await program.ended()).to.equal(0);
      await program.clear();
    });

    it('folds on a terminal what says the same', async function () {
      if (process.platform !== 'linux') skipBecause(this, 'script(1) takes these arguments on Linux only');
      for (const uuid of [A, B]) await happened('peer.unavailable', { uuid, error: 'timeout' });
      expect(stripVTControlCharacters(await seen('events'))).to.include('✖ 2 peers are unavailable (timeout)');
    });

    it('takes whole numbers as a limit', async () => {
      const { code, stderr } = await ran(onRegistry(['events', '--limit', 'all']));
      expect(code).to.equal(2);
      expect(stderr).to.include('expected a whole number from 0 to 10000');
    });
  });

  describe('status', () => {
    const running = async (): Promise<void> => {
      const now = Date.now();
      const round = { round: 3, round_ok: 2, round_failed: 1, round_finished_at: now };
      await shared.redis.hset(keys.scheduler, { uuid: US, ip: '1.1.1.1', heartbeat_at: now + 3_600_000, ...round });
      await register(shared.redis, 'consumer', A);
    };

    it('says first, in one sentence, how it is', async () => {
      await running();
      await register(shared.redis, 'producer', B);
      await shared.redis.zadd(keys.announcements, 1, B);
      const { code, stdout } = await ran(onRegistry(['status']));
      expect(code).to.equal(0);
      expect(stdout.replaceAll('\n  ', ' ')).to.match(
        /^● Well connected: 2 of 3 consumers answer, 0 of 1 producers know 1\.1\.1\.1\. The last round ended \d s ago\.\n\nscheduler\n/,
      );
      await shared.redis.hset(keys.scheduler, 'isolated', '1');
      expect((await ran(onRegistry(['status']))).stdout).to.match(/^✖ We seem to be offline: nobody answers/);
    });

    it('--watch shows it again and again, and a signal ends it well', async () => {
      await running();
      const program = onRegistry(['status', '--watch', '--json']);
      await eventually(() => {
        expect(program.stdout.trim().split('\n')).to.have.length.greaterThan(0);
        expect(program.stdout).to.include('"round":"3"');
      });
      await shared.redis.hset(keys.scheduler, 'round', 4);
      await eventually(() => {
        expect(program.stdout).to.include('"round":"4"');
      });
      program.child.kill('SIGINT');
      expect([await program.ended(), program.stderr]).to.deep.equal([0, '']);
      await program.clear();
    });

    it('--watch ends where nobody reads any more', async () => {
      await running();
      const program = onRegistry(['status', '--watch']);
      program.child.stdout?.once('data', () => program.child.stdout?.destroy());
      expect([await program.ended(), program.stderr]).to.deep.equal([0, '']);
      await program.clear();
    });

    it('is readable at 80 columns', async function () {
      if (process.platform !== 'linux') skipBecause(this, 'script(1) takes these arguments on Linux only');
      await running();
      await register(shared.redis, 'consumer', B, { ip: '1.1.1.1', error: 'identity-mismatch', checked_at: 1 });
      for (const words of ['status', 'peers list', `peers show ${B}`, '--help', 'peers import --help']) {
        const plain = stripVTControlCharacters(await seen(words)).split(/\r?\n/);
        expect(plain.length, words).to.be.greaterThan(2);
        for (const line of plain) expect(Array.from(line).length, line).to.be.at.most(80);
      }
    });
  });

  describe('health', () => {
    it('exits 0 where the scheduler says that it is well, else 1', async () => {
      const well = await answering(200);
      const config = (port: number) => ({ uuid: US, status: { host: '0.0.0.0', port } });
      expect(await ran(Program.start(['health'], { config: config(well) }))).to.deep.equal({
        code: 0,
        stdout: `healthy: http://127.0.0.1:${well}/healthz\n`,
        stderr: '',
      });
      const sick = await answering(503);
      const url = `http://127.0.0.1:${sick}/healthz`;
      expect(await ran(Program.start(['health', '--url', url]))).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: `not healthy: ${url}: it answers 503\n`,
      });
      const nobody = await ran(Program.start(['health'], { config: config(await freePort()) }));
      expect(nobody.code).to.equal(1);
      expect(nobody.stderr).to.match(/^not healthy: http:\S+: nothing listens there \(ECONNREFUSED\)\n$/);
    });

    it('waits five seconds and no longer', async () => {
      const server = createServer(() => undefined);
      servers.push(server);
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const { code, stderr } = await ran(Program.start(['health', '--url', `http://127.0.0.1:${port}/`]));
      expect(code).to.equal(1);
      expect(stderr).to.match(/^not healthy: http:\S+: no answer within 5 s\n$/);
    });

    it('says where it can’t know', async () => {
      const off = await ran(Program.start(['health'], { config: { uuid: US, status: { enabled: false } } }));
      expect(off).to.deep.include({ code: 1, stderr: 'not known: status.enabled is false, so nothing tells\n' });
      expect((await ran(Program.start(['health', '--url', 'localhost']))).code).to.equal(2);
    });
  });

  describe('doctor', () => {
    interface Report {
      readonly findings: readonly {
        readonly check: string;
        readonly result: string;
        readonly text: string;
        readonly advice: string;
      }[];
    }
    const examined = async (over: object = {}) => {
      const config = {
        uuid: US,
        redis: { url: shared.server.url },
        status: { port: await freePort() },
        publicIp: { override: '1.1.1.1' },
        ...over,
      };
      const { code, stdout } = await ran(Program.start(['doctor', '--json'], { config }));
      const { findings } = JSON.parse(stdout) as Report;
      const told = (check: string): string =>
        findings
          .filter((one) => one.check === check)
          .map(({ result, text }) => `${result}: ${text}`)
          .join('\n');
      return { code, findings, told };
    };

    it('looks at everything, and exits 0 where nothing is broken', async () => {
      await register(shared.redis, 'consumer', A, { ip: '1.1.1.2' });
      const { code, findings, told } = await examined({ redis: { url: shared.server.url } });
      expect(findings.filter(({ result }) => result === 'error')).to.deep.equal([]);
      expect(code).to.equal(0);
      for (const { result, advice } of findings) expect(advice === '').to.equal(result === 'ok');
      expect(told('redis')).to.match(/^ok: Redis \d/);
      expect(told('redis permissions')).to.match(/^ok: user default/);
      expect(told('redis memory')).to.include('maxmemory-policy noeviction');
      expect(told('redis latency')).to.match(/a PING takes [\d.]+ ms$/);
      expect(told('clock')).to.match(/^ok: .* ms apart$/);
      expect(told('registry')).to.equal('ok: 1 consumer in it');
      expect(told('public IP')).to.include('by publicIp.override');
      expect(told('status port')).to.match(/^ok: \d+ of 127\.0\.0\.1 is free$/);
      expect(told('scheduler')).to.equal('ok: none has run on this registry yet');
    });

    it('asks the sources, each under its own name', async () => {
      const well = await answering(200, '8.8.8.8');
      const sick = await answering(503);
      const sources = [{ url: `http://127.0.0.1:${well}/` }, { url: `http://127.0.0.1:${sick}/` }];
      const { told } = await examined({ publicIp: { sources }, network: { allow: ['loopback'] } });
      expect(told('public IP'))
        .to.match(new RegExp(`ok: 127\\.0\\.0\\.1:${well} says 8\\.8\\.8\\.8 \\(\\d+ ms\\)`))
        .and.match(new RegExp(`warning: 127\\.0\\.0\\.1:${sick} gives no answer: http-503`))
        .and.include('warning: 1 of 2 sources answer, publicIp.quorum is 2');
    });

    it('tells a user that lacks a permission', async function () {
      const { redis } = shared;
      const asked = await redis.call('ACL', 'DRYRUN', 'default', 'PING').catch(() => undefined);
      if (asked === undefined) skipBecause(this, 'a Redis older than 7 has no ACL DRYRUN');
      await redis.call('ACL', 'SETUSER', 'half', 'on', '>half', '~p2p:*', '+@all', '-xadd', '-zadd');
      const { code, told } = await examined({ redis: { url: shared.server.url, username: 'half', password: 'half' } });
      await redis.call('ACL', 'DELUSER', 'half');
      expect(told('redis permissions')).to.equal('error: user half may not run ZADD, XADD on our keys');
      expect(code).to.equal(1);
    });

    it('tells a server that would throw peers away, or that has no memory left', async () => {
      const { redis } = shared;
      await redis.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
      const { told } = await examined();
      await redis.config('SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction');
      const full = await examined();
      await redis.config('SET', 'maxmemory', '0');
      expect(told('redis memory')).to.equal(
        'error: maxmemory-policy allkeys-lru throws peers away where memory runs out',
      );
      expect(full.told('redis memory')).to.match(/warning: \d+ % of maxmemory are used/);
    });

    it('tells another scheduler, and a port that is taken', async () => {
      await shared.redis.hset(keys.scheduler, { uuid: A, heartbeat_at: Date.now() + 3_600_000 });
      const port = await answering(404);
      const { code, told } = await examined({ status: { port } });
      expect(code).to.equal(1);
      expect(told('scheduler')).to.match(/^error: another one works on this registry: a/);
      expect(told('status port')).to.match(/^warning: \d+ of 127\.0\.0\.1 is taken by another program: it answers 404/);
      const ours = await examined({ status: { port: await answering(200) } });
      expect(ours.told('status port')).to.match(/^ok: a scheduler answers/);
    });

    it('tells what is wrong with the configuration, and a Redis that is away', async () => {
      const wrong = await ran(Program.start(['doctor'], { config: { uuid: 'me' } }));
      expect(wrong.code).to.equal(1);
      expect(wrong.stdout)
        .to.match(/^✖ configuration +uuid: expected a UUID/)
        .and.match(/\n\n✖ 1 error\n$/);
      const { code, told } = await examined({ redis: { url: 'redis://127.0.0.1:1/0' } });
      expect(code).to.equal(1);
      expect(told('redis')).to.match(/^error: Redis can't be reached at redis:\/\/127\.0\.0\.1:1/);
      expect(told('status port')).to.match(/^ok/);
      const fresh = await examined({ redis: { url: 'embedded', dataDir: '/nowhere/data' } });
      expect(fresh.told('redis')).to.equal('warning: the embedded server has no database in /nowhere/data yet');
      expect(fresh.code).to.equal(0);
    });
  });
});
