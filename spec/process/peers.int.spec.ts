import { expect } from 'chai';
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, type ProgramOptions } from '../support/program.js';
import { keys, privateRedis, register } from '../support/registry.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const id = (digit: string): string => `${digit.repeat(8)}-0000-4000-8000-000000000000`;
const [A, B, C, D] = [id('a'), id('b'), id('c'), id('d')] as const;

/** The history of a consumer that was checked in this hour alone, in the layout of `domain/history.ts`. */
function historyOf(answered: number, failed: number): Buffer {
  const bytes = Buffer.alloc(15 + 4 + 5);
  bytes.write('h1', 'latin1');
  bytes.writeUInt16BE(1, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt32BE(Math.floor(Date.now() / 3_600_000), 6);
  bytes.set([answered, failed, 0, 1], 15);
  bytes.writeUIntBE(answered * 2 ** 29 + failed * 2 ** 18 + 1, 19, 5);
  return bytes;
}

describe('peers', function () {
  this.timeout(120_000);
  const shared = privateRedis();

  const ran = async (words: readonly string[], options: ProgramOptions = {}, input?: string) => {
    const url = ['--redis', shared.server.url];
    const program = Program.start(['peers', ...words, ...url], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    program.child.stdin?.end(input);
    const code = await program.ended();
    await program.clear();
    return { code, stdout: program.stdout, stderr: program.stderr };
  };
  const uuidsIn = (text: string): readonly string[] =>
    [...text.matchAll(/\b([a-d])\1{7}-/g)].map(([, digit = '']) => digit);

  describe('list', () => {
    beforeEach(async () => {
      const { redis } = shared;
      await register(redis, 'consumer', A, { ip: '1.1.1.10', state: 'available', latency_ms: 20 });
      await register(redis, 'consumer', B, { ip: '1.1.1.9', state: 'suspect', latency_ms: 3, error: 'timeout' });
      await register(redis, 'consumer', C, { ip: '1.1.1.8', port: 8_080 });
      await register(redis, 'producer', D, { ip: '1.1.1.7' });
    });

    it('shows the states that are asked for', async () => {
      expect(uuidsIn((await ran(['list', '--state', 'suspect,pending'])).stdout)).to.deep.equal(['b', 'c']);
      expect(uuidsIn((await ran(['list', '--state', 'untold', '--json'])).stdout)).to.deep.equal(['d']);
      expect((await ran(['list', 'consumer', '--state', 'unavailable'])).stdout).to.equal('no peer is unavailable\n');
    });

    it('is sorted as it is asked for', async () => {
      expect(uuidsIn((await ran(['list', 'consumer', '--sort', 'ip'])).stdout)).to.deep.equal(['c', 'b', 'a']);
      expect(uuidsIn((await ran(['list', 'consumer', '--sort', '-latency'])).stdout)).to.deep.equal(['a', 'b', 'c']);
    });

    it('names what can’t be asked for', async () => {
      const state = await ran(['list', 'producer', '--state', 'suspect']);
      expect([state.code, state.stderr]).to.deep.equal([
        2,
        '--state "suspect": expected some of knows, owing, untold, denied, invalid, with commas between them\n',
      ]);
      expect((await ran(['list', '--sort', 'size'])).stderr).to.match(/^--sort "size": expected one of uuid, ip, /);
    });

    it('has colours where they are forced, and only then in a pipe', async () => {
      const forced = await ran(['list'], { env: { FORCE_COLOR: '1' } });
      expect(forced.stdout).to.include('\u001b[32m● available').and.include('\u001b[33m▲ suspect');
      expect((await ran(['list'])).stdout).to.not.include('\u001b');
    });

    it('prints while it reads: a reader that leaves ends it, however many there are', async () => {
      const { redis } = shared;
      const pipeline = redis.pipeline();
      for (let i = 0; i < 20_000; i += 1) {
        const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
        pipeline.hset(keys.consumer(uuid), 'ip', '1.1.1.1').sadd(keys.consumers, uuid);
      }
      await pipeline.exec();
      await redis.config('RESETSTAT');
      const program = Program.start(['peers', 'list', '--redis', shared.server.url]);
      program.child.stdout?.once('data', () => program.child.stdout?.destroy());
      expect([await program.ended(), program.stderr]).to.deep.equal([0, '']);
      await program.clear();
      const [, calls = '0'] = /cmdstat_hmget:calls=(\d+)/.exec(await redis.info('commandstats')) ?? [];
      expect(Number(calls)).to.be.greaterThan(0).and.lessThan(15_000);
    });
  });

  describe('show', () => {
    it('tells all of a peer in words, of both kinds, however its UUID is spelled', async () => {
      const { redis } = shared;
      await register(redis, 'consumer', A, {
        ip: '1.1.1.1',
        port: 81,
        state: 'available',
        available: 1,
        state_since: Date.now() - 3 * 86_400_000,
        checked_at: Date.now(),
        last_ok_at: Date.now(),
        latency_ms: 12,
        failures: 0,
        recent: '..x-',
        remark: 'of the API',
      });
      await register(redis, 'producer', A.toUpperCase(), { ip: '1.1.1.2', notified_ip: '8.8.8.8', attempts: 2 });
      await redis.set(keys.history(A), historyOf(9, 1));
      const { code, stdout } = await ran(['show', A]);
      expect(code).to.equal(0);
      expect(stdout)
        .to.match(/^consumer a{8}.* {2}● available for 3 d\naddress +1\.1\.1\.1:81\nlast check +\d s ago, /)
        .and.match(/last results +\.\.x- \(4 checks: 2 answered, 1 failed, 1 not counted\)/)
        .and.match(/remark +of the API\n/)
        .and.match(/answered +24 h 90\.0 %, 7 d 90\.0 %, 90 d 90\.0 %\n/)
        .and.match(/last \d+ days +·+▅\n/)
        .and.match(/\nproducer A{8}.* {2}○ untold\n/)
        .and.match(/knows our IP as +8\.8\.8\.8\n/);
      for (const line of stdout.split('\n')) expect(line.length).to.be.at.most(80);
      const [line = ''] = (await ran(['show', A, '--json'])).stdout.split('\n');
      expect(JSON.parse(line)).to.include({ kind: 'consumer', uuid: A, ip: '1.1.1.1' }).and.have.property('history');
    });

    it('exits 1 where there is no such peer', async () => {
      const { code, stderr } = await ran(['show', A]);
      expect([code, stderr]).to.deep.equal([1, `no peer "${A}" is registered\n`]);
    });
  });

  describe('export and import', () => {
    it('say what the API owns, and leave the rest alone', async () => {
      const { redis } = shared;
      await register(redis, 'consumer', A, { ip: '1.1.1.1', state: 'available', last_seen: 5 });
      await register(redis, 'consumer', B, { ip: 'nowhere' });
      await register(redis, 'producer', C, { ip: '::1', port: 81 });
      const exported = await ran(['export']);
      expect(exported.stdout).to.equal(
        `{"kind":"consumer","uuid":"${A}","ip":"1.1.1.1"}\n{"kind":"producer","uuid":"${C}","ip":"::1","port":81}\n`,
      );
      expect(exported.stderr).to.equal(`warning: 1 malformed entry left out: ${B}\n`);
      expect((await ran(['export', 'producer', '--csv'])).stdout).to.equal(`kind,uuid,ip,port\nproducer,${C},::1,81\n`);

      const file = `kind,uuid,ip,port\nconsumer,${A.toUpperCase()},1.1.1.1,90\nproducer,${C},::1,81\nproducer,${D},1.1.1.4,\n`;
      const dry = await ran(['import', '-', '--dry-run'], {}, file);
      expect(dry.stdout).to.equal(
        `would change consumer ${A} 1.1.1.1 port 90\nwould add producer ${D} 1.1.1.4\n` +
          '3 peers: would be 1 added, 1 changed, 1 left as they are; nothing was written\n',
      );
      expect(await redis.exists(keys.producer(D))).to.equal(0);
      expect((await ran(['import', '-'], {}, file)).stdout).to.equal(
        '3 peers: 1 added, 1 changed, 1 left as they are\n',
      );
      expect(await redis.hgetall(keys.consumer(A))).to.deep.equal({
        ip: '1.1.1.1',
        port: '90',
        state: 'available',
        last_seen: '5',
      });
      expect(await redis.smembers(keys.consumers)).to.have.members([A, B]);
      expect((await ran(['import', '-'], {}, `kind,uuid,ip\nconsumer,${A},1.1.1.1\n`)).code).to.equal(0);
      expect(await redis.hexists(keys.consumer(A), 'port')).to.equal(0);
    });

    it('write nothing where a line is wrong, and name it', async () => {
      const good = `{"kind":"consumer","uuid":"${A}","ip":"1.1.1.1"}\n`;
      await shared.redis.hset(keys.scheduler, 'uuid', US);
      const { code, stderr } = await ran(
        ['import', '-'],
        {},
        `${good}${good.replaceAll('a', 'x')}${good.replace(A, US)}`,
      );
      expect(code).to.equal(2);
      expect(stderr)
        .to.match(/^nothing was written, since the file has faults:\n {2}line 2: uuid "x/)
        .and.include(`  line 3: ${US} is our own UUID`);
      expect(await shared.redis.exists(keys.consumers)).to.equal(0);
    });

    it('say where the file can’t be read', async () => {
      expect(await ran(['import', '/nowhere/peers'])).to.deep.include({
        code: 2,
        stderr: 'can\'t read "/nowhere/peers": ENOENT\n',
      });
    });

    it('give the same registry again', async () => {
      const { redis } = shared;
      const entry = fc.record({
        kind: fc.constantFrom('consumer' as const, 'producer' as const),
        uuid: fc.uuid(),
        ip: fc.constantFrom('1.1.1.1', '::ffff:1.1.1.1', '2606:4700::1111'),
        port: fc.option(fc.integer({ min: 1, max: 65_535 })),
      });
      const dump = async (): Promise<unknown> => {
        const all = (await redis.keys('*')).sort();
        return Promise.all(all.map(async (key) => [key, await valueOf(key)]));
      };
      const valueOf = async (key: string): Promise<unknown> =>
        (await redis.type(key)) === 'set' ? (await redis.smembers(key)).sort() : redis.hgetall(key);
      await fc.assert(
        fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 300 }), fc.boolean(), async (entries, csv) => {
          await redis.flushall();
          for (const { kind, uuid, ip, port } of entries)
            await register(redis, kind, uuid, { ip, ...(port && { port }) });
          for (const { kind, uuid, port } of entries) {
            if (port === null)
              await redis.hdel(kind === 'consumer' ? keys.consumer(uuid) : keys.producer(uuid), 'port');
          }
          const before = await dump();
          const { stdout } = await ran(['export', ...(csv ? ['--csv'] : [])]);
          const file = join(shared.server.folder, 'peers');
          writeFileSync(file, stdout);
          await redis.flushall();
          expect((await ran(['import', file])).code).to.equal(0);
          expect(await dump()).to.deep.equal(before);
        }),
        { numRuns: 4 },
      );
    });
  });
});
