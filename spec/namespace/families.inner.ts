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
