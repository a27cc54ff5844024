import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { IpSource } from '#src/domain/ip/source.js';
import { ipSources, type SourceSpec } from '#src/sources/publicIp/sources.js';

const never = new AbortController().signal;
const source = (spec: SourceSpec, family: 'ipv4' | 'ipv6'): IpSource => {
  const [only] = ipSources({ sources: [spec], family, allow: ['public'] }, 'test/1');
  return only ?? expect.fail('no source');
};

describe('a service with an address of each family, which answers with the one that it is called from', () => {
  let echo: Server;
  let url = '';

  before(async () => {
    echo = createServer(({ socket }, response) => response.end(socket.remoteAddress?.replace(/^::ffff:/, '')));
    echo.listen(0, '::');
    await once(echo, 'listening');
    url = `http://echo.example:${(echo.address() as AddressInfo).port}/`;
  });
  after(() => {
    echo.closeAllConnections();
    echo.close();
  });

  it('is asked over the family that is wanted', async () => {
    expect(await source({ url }, 'ipv4').lookup(never)).to.deep.equal({ ok: true, ip: '93.184.216.1' });
    expect(await source({ url }, 'ipv6').lookup(never)).to.deep.equal({ ok: true, ip: '2606:4700::1' });
  });
});

describe('an interface with several addresses', () => {
  const ip = (...words: string[]): void => {
    const { status, stderr } = spawnSync('ip', ['-6', 'address', ...words, 'dev', 'lo'], { encoding: 'utf8' });
    expect(status, stderr).to.equal(0);
  };
  const add = (address: string, ...more: string[]): void => {
    ip('add', `${address}/64`, ...more, 'nodad');
  };
  const lo = source({ interface: 'lo' }, 'ipv6');
  const answer = async (known?: string) => lo.lookup(never, known);
  const is = (address: string) => ({ ok: true, ip: address });

  afterEach(() => {
    for (const address of ['2606:4700::2', '2606:4700::3']) {
      spawnSync('ip', ['-6', 'address', 'del', `${address}/64`, 'dev', 'lo']);
    }
    ip('change', '2606:4700::1/64', 'preferred_lft', 'forever', 'valid_lft', 'forever');
  });

  it('stays with the one that is known, though a new one stands in front of it', async () => {
    expect(await answer()).to.deep.equal(is('2606:4700::1'));
    add('2606:4700::2');
    expect(await answer('2606:4700::1')).to.deep.equal(is('2606:4700::1'));
    expect(await answer('2606:4700::2')).to.deep.equal(is('2606:4700::2'));
  });

  it('gives no deprecated one while there is another', async () => {
    add('2606:4700::2', 'preferred_lft', '0');
    expect(await answer()).to.deep.equal(is('2606:4700::1'));
    add('2606:4700::3');
    ip('change', '2606:4700::1/64', 'preferred_lft', '0', 'valid_lft', 'forever');
    expect(await answer('2606:4700::1')).to.deep.equal(is('2606:4700::3'));
  });

  it('gives a deprecated one where there is no other, and another once the one that is known is gone', async () => {
    add('2606:4700::2');
    ip('change', '2606:4700::1/64', 'preferred_lft', '0', 'valid_lft', 'forever');
    expect(await answer('2606:4700::1')).to.deep.equal(is('2606:4700::2'));
    ip('del', '2606:4700::2/64');
    expect(await answer('2606:4700::2')).to.deep.equal(is('2606:4700::1'));
  });
});
