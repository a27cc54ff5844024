import { expect } from 'chai';
import { closeSync, existsSync, openSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { keysUnder } from '#src/domain/keys.js';
import { startConsumer } from '#swarm/consumer.js';
import type { Endpoint } from '#swarm/endpoint.js';
import { RedisServer } from '#swarm/redis.js';
import { Program } from '../support/program.js';
import { register } from '../support/registry.js';
import { skipBecause } from '../support/skip.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const PEER = 'aaaaaaaa-0000-4000-8000-000000000000';
const OTHER = 'bbbbbbbb-0000-4000-8000-000000000000';
const keys = keysUnder('p2p:');

/** Each command that prints. */
const PRINTING: readonly (readonly string[])[] = [
  ['--help'],
  ['help', 'peers'],
  ['peers', 'add', '--help'],
  ['--version'],
  ['check-config'],
  ['peers', 'list'],
  ['peers', 'list', '--json'],
  ['peers', 'add', 'consumer', OTHER, '127.0.0.1', '--port', '9'],
  ['peers', 'remove', 'consumer', OTHER],
  ['status'],
  ['status', '--json'],
  ['events'],
  ['doctor'],
  ['doctor', '--json'],
  ['peers', 'show', PEER],
  ['peers', 'export', '--csv'],
  ['completion', 'bash'],
  ['sync'],
];

describe('what a command prints', () => {
  let server: RedisServer;
  let redis: Redis;
  let peer: Endpoint;

  before(async () => {
    server = await RedisServer.start();
    redis = server.client();
    peer = await startConsumer({ uuid: PEER, host: '127.0.0.1' });
    await redis.hset(keys.scheduler, { uuid: US, heartbeat_at: Date.now() + 3_600_000 });
  });
  beforeEach(async () => {
    for (const uuid of [PEER, OTHER]) await register(redis, 'consumer', uuid, { ip: '127.0.0.1', port: peer.port });
  });
  after(async () => {
    await peer.goDark();
    await server.stop();
  });

  const start = (words: readonly string[], stdio: ('pipe' | 'ignore' | number)[]): Program =>
    Program.start(words, {
      config: {
        uuid: US,
        redis: { url: server.url },
        publicIp: { override: '127.0.0.1' },
        network: { allow: ['loopback'] },
      },
      stdio,
    });

  for (const words of PRINTING) {
    it(`${words.join(' ')}: ends quietly where nobody reads it`, async () => {
      const program = start(words, ['ignore', 'pipe', 'pipe']);
      program.child.stdout?.destroy();
      expect(await program.ended()).to.equal(0);
      expect(program.stderr).to.equal('');
      await program.clear();
    });

    it(`${words.join(' ')}: says so where it could not be written, and exits 1`, async function () {
      if (!existsSync('/dev/full')) skipBecause(this, 'there is no /dev/full');
      const full = openSync('/dev/full', 'w');
      const program = start(words, ['ignore', full, 'pipe']);
      closeSync(full);
      expect(await program.ended()).to.equal(1);
      expect(program.stderr).to.equal('could not write to standard output: ENOSPC\n');
      await program.clear();
    });
  }

  it('an error that nobody reads is still an error', async () => {
    for (const [words, code] of [
      [['peers', 'remove', 'consumer', 'cccccccc-0000-4000-8000-000000000000'], 1],
      [['dance'], 2],
    ] as const) {
      const program = start(words, ['ignore', 'ignore', 'pipe']);
      program.child.stderr?.destroy();
      expect(await program.ended(), words.join(' ')).to.equal(code);
      await program.clear();
    }
  });

  it('of no peers, as JSON, is nothing', async () => {
    await redis.del(keys.consumers, keys.producers);
    const program = start(['peers', 'list', '--json'], ['ignore', 'pipe', 'pipe']);
    expect(await program.ended()).to.equal(0);
    expect(program.stdout).to.equal('');
    await program.clear();
  });
});
