import { expect } from 'chai';
import dgram, { type Socket } from 'node:dgram';
import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { mock } from 'node:test';
import type { AddressClass } from '#src/domain/ip/address.js';
import { ipSources, type SourceSpec } from '#src/sources/publicIp/sources.js';

describe('the sources of the public IP', () => {
  const allow: readonly AddressClass[] = ['public', 'loopback'];
  const source = (spec: SourceSpec, classes = allow, family: 'ipv4' | 'ipv6' = 'ipv4') => {
    const [only] = ipSources({ sources: [spec], family, allow: classes }, 'test/1');
    if (only === undefined) throw new Error('no source');
    return only;
  };

  describe('a URL', () => {
    let server: Server;
    let url = '';
    let answer: RequestListener = () => {};
    beforeEach(async () => {
      server = createServer((request, response) => {
        answer(request, response);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ip`;
    });
    afterEach(() => {
      server.closeAllConnections();
      server.close();
    });
    const ask = (signal = new AbortController().signal) => source({ url }).lookup(signal);

    it('gives the address that it is answered with', async () => {
      answer = (_, response) => response.end('1.1.1.1\n');
      expect(await ask()).to.deep.equal({ ok: true, ip: '1.1.1.1' });
      answer = (_, response) => response.end('{"ip":"8.8.8.8"}');
      expect(await ask()).to.deep.equal({ ok: true, ip: '8.8.8.8' });
    });

    it('says who asks', async () => {
      answer = (request, response) => response.end(request.headers['user-agent'] === 'test/1' ? '1.1.1.1' : '');
      expect(await ask()).to.have.property('ok', true);
    });

    it('is asked with the user and the password that its URL has', async () => {
      let login = '';
      answer = (request, response) => {
        login = request.headers.authorization ?? '';
        response.end('1.1.1.1');
      };
      expect(
        await source({ url: url.replace('//', '//me:p%40ss@') }).lookup(new AbortController().signal),
      ).to.deep.equal({
        ok: true,
        ip: '1.1.1.1',
      });
      expect(login).to.equal(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    });

    const wrong: readonly (readonly [string, RequestListener, object])[] = [
      ['a portal', (_, r) => r.end('<html>1.1.1.1</html>'), { ok: false, reason: 'address-invalid' }],
      ['a private address', (_, r) => r.end('192.168.1.1'), { ok: false, reason: 'address-invalid' }],
      ['a redirect', (_, r) => r.writeHead(302, { location: '/' }).end(), { ok: false, reason: 'redirect' }],
      ['an error', (_, r) => r.writeHead(500).end('1.1.1.1'), { ok: false, reason: 'http-500' }],
      [
        'too many requests',
        (_, r) => r.writeHead(429, { 'retry-after': '30' }).end(),
        { ok: false, reason: 'http-429', retryAfterMs: 30_000 },
      ],
      ['an endless answer', (_, r) => r.end('1'.repeat(10_000)), { ok: false, reason: 'too-large' }],
      ['a closed connection', (q) => q.socket.destroy(), { ok: false, reason: 'reset' }],
      [
        'another protocol',
        (q) => q.socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
        { ok: false, reason: 'http-101' },
      ],
      ['what is no HTTP', (q) => q.socket.end('1.1.1.1'), { ok: false, reason: 'malformed' }],
      [
        'an answer with more behind it',
        (q) => q.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n1.1.1.1 and more'),
        { ok: false, reason: 'malformed' },
      ],
    ];
    for (const [what, listener, expected] of wrong) {
      it(`${what} is no answer`, async () => {
        answer = listener;
        expect(await ask()).to.deep.equal(expected);
      });
    }

    describe('with a name', () => {
      const asked: unknown[] = [];
      let known = true;
      type Done = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;
      /** Stands for a resolver that finds an address of each family, or none. */
      const resolve = (_: string, options: LookupOptions, done: Done) => {
        asked.push(options.family);
        if (!known) done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
        else if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
        else done(null, '127.0.0.1', 4);
      };
      beforeEach(() => {
        known = true;
        asked.length = 0;
        mock.method(dns, 'lookup', resolve);
      });
      afterEach(() => {
        mock.restoreAll();
      });

      for (const [family, number, ip] of [
        ['ipv4', 4, '1.1.1.1'],
        ['ipv6', 6, '2606:4700::1'],
      ] as const) {
        it(`is asked over the family that is wanted: ${family}`, async () => {
          answer = (_, response) => response.end(ip);
          const named = source({ url: url.replace('127.0.0.1', 'ip.example') }, allow, family);
          expect(await named.lookup(new AbortController().signal)).to.deep.equal({ ok: true, ip });
          expect(asked).to.deep.equal([number]);
        });
      }

      it('that is not known is no answer', async () => {
        known = false;
        const named = source({ url: 'http://ip.example/' });
        expect(await named.lookup(new AbortController().signal)).to.deep.equal({ ok: false, reason: 'unreachable' });
      });
    });

    it('is let go when nobody waits any more', async () => {
      const controller = new AbortController();
      answer = () => {
        controller.abort();
      };
      expect(await ask(controller.signal)).to.deep.equal({ ok: false, reason: 'aborted' });
    });

    it('at an address that may not be called is not called', async () => {
      expect(await source({ url }, ['public']).lookup(new AbortController().signal)).to.deep.equal({
        ok: false,
        reason: 'address-denied',
      });
      expect(await source({ url: 'http://[::1]:1/' }, ['public']).lookup(new AbortController().signal)).to.deep.equal({
        ok: false,
        reason: 'address-denied',
      });
    });

    it('goes by its host, and speaks for our being online', () => {
      expect(source({ url: 'https://ip.example:8443/x?token=y' })).to.include({
        name: 'ip.example:8443',
        remote: true,
      });
    });
  });

  describe('public-ip over DNS', () => {
    let names: Socket;
    let server: Server;
    let url: string;
    /** What happens before a query is answered, and what it is answered with. */
    let meanwhile: () => Promise<unknown>;
    let reply: (query: Buffer) => Buffer;

    beforeEach(async () => {
      meanwhile = () => Promise.resolve();
      reply = (query) => withAddress(query, [8, 8, 8, 8]);
      server = createServer((_, response) => response.end('1.1.1.1'));
      server.listen(0, '127.0.0.1');
      names = dgram.createSocket('udp4', (query, { port, address }) => {
        void meanwhile().then(() => {
          names.send(reply(query), port, address);
        });
      });
      names.bind(0, '127.0.0.1');
      await Promise.all([once(server, 'listening'), once(names, 'listening')]);
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const create = dgram.createSocket.bind(dgram);
      mock.method(dgram, 'createSocket', (type: 'udp4') => {
        const socket = create(type);
        const send = socket.send.bind(socket) as (...words: unknown[]) => void;
        // The socket itself calls it once more, with a list of buffers, once it is bound.
        mock.method(socket, 'send', (query: Buffer | Buffer[], ...rest: unknown[]) => {
          const from = Array.isArray(query) ? 0 : 2;
          send(Array.isArray(query) ? query : [query], ...[names.address().port, '127.0.0.1', ...rest.slice(from + 2)]);
        });
        return socket;
      });
    });
    afterEach(() => {
      mock.restoreAll();
      names.close();
      server.closeAllConnections();
      server.close();
    });

    it('answers for itself, whatever is asked over HTTPS beside it', async () => {
      meanwhile = () => globalThis.fetch(url).then((response) => response.text());
      expect(await source('dns').lookup(new AbortController().signal)).to.deep.equal({ ok: true, ip: '8.8.8.8' });
    });

    it('that falls back to HTTPS is no answer', async () => {
      const { fetch } = globalThis;
      mock.method(globalThis, 'fetch', () => fetch(url));
      reply = (query) => withAddress(query, []);
      expect(await source('dns').lookup(new AbortController().signal)).to.deep.equal({
        ok: false,
        reason: 'unreachable',
      });
    });
  });

  describe('a local interface', () => {
    const loopback = Object.entries(networkInterfaces()).find(([, own]) =>
      own?.some(({ address }) => address === '127.0.0.1'),
    )?.[0];
    const ask = (name: string, classes: readonly AddressClass[]) =>
      source({ interface: name }, classes).lookup(new AbortController().signal);

    it('gives its address where that class is allowed', async () => {
      expect(await ask(loopback ?? 'lo', ['loopback'])).to.deep.equal({ ok: true, ip: '127.0.0.1' });
      expect(await ask(loopback ?? 'lo', ['public'])).to.deep.equal({ ok: false, reason: 'address-invalid' });
    });

    it('that is not there is no answer, and none speaks for our being online', async () => {
      expect(await ask('nothing0', ['loopback'])).to.deep.equal({ ok: false, reason: 'address-invalid' });
      expect(source({ interface: 'nothing0' })).to.include({ name: 'interface nothing0', remote: false });
    });
  });
});

/** The answer to a query over DNS: one address, or none. */
function withAddress(query: Buffer, address: readonly number[]): Buffer {
  const answers = address.length > 0 ? 1 : 0;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(answers, 6);
  header.writeUInt32BE(0, 8);
  let end = 12;
  while (query[end] !== 0) end += 1;
  const question = query.subarray(12, end + 5);
  const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address];
  return Buffer.concat([header, question, ...(answers === 1 ? [Buffer.from(record)] : [])]);
}
