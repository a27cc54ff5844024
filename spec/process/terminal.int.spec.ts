import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { startConsumer } from '#swarm/consumer.js';
import { RedisServer } from '#swarm/redis.js';
import { MAIN } from '../support/program.js';
import { register } from '../support/registry.js';
import { needsTerminal, onTerminal } from '../support/terminal.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

/** What a person sees, on the pseudo-terminal that script(1) of util-linux makes. */
describe('on a terminal', function () {
  let server: RedisServer;
  let folder = '';

  before(async function () {
    needsTerminal(this);
    server = await RedisServer.start();
    folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  });
  after(async () => {
    if (folder === '') return;
    await server.stop();
    await rm(folder, { recursive: true });
  });

  /** What is seen; once `until` is, somebody presses Ctrl-C. */
  const seen = async (words: string, config: object, until?: string): Promise<string> => {
    const file = join(folder, 'config.json');
    await writeFile(
      file,
      JSON.stringify({
        uuid: US,
        redis: { url: server.url },
        publicIp: { override: '127.0.0.1' },
        network: { allow: ['loopback'] },
        ...config,
      }),
    );
    const line = `${process.execPath} ${MAIN} ${words} --config ${file}`;
    const { output } = await onTerminal(line, until === undefined ? [] : [{ after: until, keys: '\u0003' }]);
    return output;
  };

  it('sync shows how far it is, and then only its table', async () => {
    const uuid = 'aaaaaaaa-0000-4000-8000-000000000000';
    const peer = await startConsumer({ uuid, host: '127.0.0.1' });
    await register(server.client(), 'consumer', uuid, { ip: '127.0.0.1', port: peer.port });
    const output = await seen('sync', {});
    expect(output).to.match(/[█░]/);
    expect(stripVTControlCharacters(output))
      .to.match(/0\/1 consumers/)
      .and.match(/ok\s+1/);
    await peer.goDark();
  });

  it('a Ctrl-C during sync gives the cursor back', async () => {
    const uuid = 'bbbbbbbb-0000-4000-8000-000000000000';
    const peer = await startConsumer({ uuid, host: '127.0.0.1' });
    peer.behave('silence');
    await register(server.client(), 'consumer', uuid, { ip: '127.0.0.1', port: peer.port });
    const output = await seen('sync', { sync: { timeout: '60s' } }, '/2 consumers');
    expect(output.lastIndexOf('\u001b[?25h')).to.be.greaterThan(output.lastIndexOf('\u001b[?25l'));
    expect(output.lastIndexOf('\u001b[?25l')).to.be.greaterThan(-1);
    await peer.goDark();
  });

  // Here timeout(1) hands the signal on that the terminal sends to both.
  it('the log is pretty and coloured, and one Ctrl-C ends it in good order', async () => {
    const output = await seen('run', {}, 'round 1:');
    expect(output).to.include('\u001b[');
    expect(stripVTControlCharacters(output)).to.match(/\d\d:\d\d:\d\d ● round 1: \d+ of \d+ answered/);
    expect(stripVTControlCharacters(output)).to.include('● stopped');
  });
});
