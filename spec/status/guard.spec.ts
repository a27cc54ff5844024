import { expect } from 'chai';
import fc from 'fast-check';
import { admit, isRefusal, type Admitted, type Refusal, type RequestHead } from '#src/status/guard.js';

const TOKEN = 'a-token:with a colon'.replaceAll(' ', '-');
const HOST_NAME = 'Node7.lan';

describe('the guard of the status server', () => {
  const ask = (
    url: string,
    headers: RequestHead['headers'] = {},
    status: Partial<Parameters<typeof admit>[1]> = {},
    method = 'GET',
  ): Admitted | Refusal => {
    const settings = {
      ...{ host: '127.0.0.1', token: undefined, allowedHosts: ['peers.example'], basePath: '/' },
      ...status,
    };
    return admit({ method, url, headers: { host: '127.0.0.1:9464', ...headers } }, settings, HOST_NAME);
  };
  const statusOf = (found: Admitted | Refusal): number => (isRefusal(found) ? found.status : 200);
  const hosted = (host: string | undefined): number => statusOf(ask('/', { host }));
  const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;
  const given = (authorization: string | undefined, url = '/api/status'): number =>
    statusOf(ask(url, { authorization }, { token: TOKEN }));

  it('lets only GET and HEAD in', () => {
    expect(ask('/x?y', {}, {}, 'HEAD')).to.deep.equal({ path: '/x?y', trusted: true });
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'get', '']) {
      const found = ask('/', {}, {}, method);
      expect(found, method).to.deep.include({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
  });

  it('wants a path of at most 2,048 characters', () => {
    expect(statusOf(ask(`/${'x'.repeat(2_047)}`))).to.equal(200);
    expect(statusOf(ask(`/${'x'.repeat(2_048)}`))).to.equal(414);
    for (const url of ['', '*', 'x', 'ftp://127.0.0.1/', 'http:/127.0.0.1/', '127.0.0.1:80']) {
      expect(statusOf(ask(url)), url).to.equal(400);
    }
  });

  it('takes a whole URL, whose host counts instead of the one in the header', () => {
    const paths = {
      'http://127.0.0.1:9464/healthz': '/healthz',
      'HTTP://LOCALHOST/api/peers?q=a/b': '/api/peers?q=a/b',
      'https://[::1]:9464': '/',
      'http://peers.example?x': '/?x',
    };
    for (const [url, path] of Object.entries(paths)) {
      expect(ask(url, { host: 'evil.example' }), url).to.deep.equal({ path, trusted: true });
    }
    for (const url of ['http://evil.example/', 'http://user@127.0.0.1/', 'http:///', 'http://127.0.0.1#/', 'http://']) {
      expect(statusOf(ask(url)), url).to.equal(421);
    }
    expect(statusOf(ask('http://127.0.0.1/api/status', {}, { token: TOKEN }))).to.equal(401);
    expect(ask('http://localhost/a/x', {}, { basePath: '/a' })).to.deep.equal({ path: '/x', trusted: true });
  });

  it('takes the name that it listens on: by that its own commands ask', () => {
    const status = { host: 'Status.Internal' };
    for (const host of ['status.internal:9464', 'STATUS.INTERNAL.']) {
      expect(statusOf(ask('/', { host }, status)), host).to.equal(200);
    }
    expect(statusOf(ask('/', { host: 'other.internal' }, status))).to.equal(421);
  });

  it('takes IP literals, localhost, its own name and the names allowed, whatever port and case', () => {
    const known = [
      ...['127.0.0.1', '127.0.0.1:9464', '10.0.0.5:1', '[::1]', '[::1]:9464', '[2001:db8::7]:80'],
      ...['localhost', 'LOCALHOST:9464', 'localhost.', 'localhost.:80', 'node7.lan', 'NODE7.LAN:9464'],
      ...['peers.example', 'Peers.Example.:443'],
    ];
    for (const host of known) expect(hosted(host), host).to.equal(200);
  });

  it('refuses every other name with 421, and says which key to set', () => {
    const strange = [
      ...['evil.example', 'localhost.evil.example', 'peers.example.evil.com', 'xlocalhost', 'node7', 'peers.example..'],
      ...['127.0.0.1.evil.example', '127.1', '0x7f000001', '[localhost]', '[peers.example]', '[127.0.0.1]', '::1'],
      ...['127.0.0.1:80:80', 'user@127.0.0.1', '127.0.0.1/evil', '[::1', ' '],
    ];
    for (const host of strange) expect(hosted(host), host).to.equal(421);
    const found = ask('/', { host: 'Evil.Example:80' });
    expect(found).to.include({ status: 421, host: 'evil.example' });
    expect(found)
      .to.have.property('text')
      .that.matches(/"evil\.example".*status\.allowedHosts/);
  });

  it('has no name to add where the request has none', () => {
    for (const host of [undefined, '', ':80']) {
      const found = ask('/', { host });
      expect(found).to.include({ status: 421 }).and.not.have.property('host');
      expect(found).to.have.property('text').that.does.not.include('""');
    }
  });

  it('takes a name that is allowed with a dot at its end', () => {
    const allowedHosts = ['Peers.Example.'];
    for (const host of ['peers.example', 'peers.example.']) {
      expect(statusOf(ask('/', { host }, { allowedHosts })), host).to.equal(200);
    }
  });

  it('repeats at most a hundred characters of a name, and no control character', () => {
    const found = ask('/', { host: `${'x'.repeat(500)}\u001b[31m` });
    expect(JSON.stringify(found)).to.have.length.below(400);
    const { text } = ask('/', { host: 'a\u001b[31m\u0007' }) as Refusal;
    expect(text).to.match(/^[ -~]*$/);
  });

  it('serves under its base path alone, with or without a slash at the end', () => {
    for (const basePath of ['/a/b', '/a/b/']) {
      const path = (url: string): unknown => ask(url, {}, { basePath });
      expect(path('/a/b/')).to.deep.equal({ path: '/', trusted: true });
      expect(path('/a/b/api/status?x=1')).to.deep.equal({ path: '/api/status?x=1', trusted: true });
      expect(path('/a/b')).to.deep.include({ status: 308, headers: { location: '/a/b/' } });
      expect(path('/a/b?q=1')).to.deep.include({ status: 308, headers: { location: '/a/b/?q=1' } });
      for (const url of ['/', '/a', '/a/', '/a/bc/', '/api/status', '//a/b/', '/A/B/']) {
        expect(path(url), url).to.include({ status: 404 });
      }
    }
  });

  it('takes the token as Bearer, or as the password of Basic under any name', () => {
    expect(given(`Bearer ${TOKEN}`)).to.equal(200);
    expect(given(`bEARER   ${TOKEN}`)).to.equal(200);
    for (const user of ['', 'me', 'ü']) expect(given(basic(`${user}:${TOKEN}`)), user).to.equal(200);
  });

  it('refuses whatever else is given, and says that a password is asked for', () => {
    const wrong = [
      ...[undefined, '', 'Bearer', 'Bearer ', 'Basic ', TOKEN, `Token ${TOKEN}`, `Digest ${TOKEN}`],
      ...[`Bearer ${TOKEN.slice(0, -1)}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.toUpperCase()}`, `Bearer ${TOKEN} x`],
      ...[basic('me:'), basic(''), basic(':'), basic(`${TOKEN}:`), basic(`me:${TOKEN}x`), basic(`me:x:${TOKEN}`)],
      ...['Basic !!!!', `Basic ${TOKEN}`, `Bearer ${Buffer.from(TOKEN).toString('base64')}`],
    ];
    for (const authorization of wrong) expect(given(authorization), authorization).to.equal(401);
    const { headers } = ask('/', {}, { token: TOKEN }) as Refusal;
    expect(headers?.['www-authenticate']).to.match(/^Basic realm=/);
  });

  it('never takes another token, whatever it looks like', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('Bearer ', 'Basic ', ''), (text, scheme) => {
        fc.pre(text !== TOKEN);
        expect(given(`${scheme}${text}`)).to.equal(401);
        expect(given(basic(`u:${text}`))).to.equal(401);
      }),
    );
  });

  it('asks probes for no token, and tells them whether one was given', () => {
    for (const url of ['/healthz', '/readyz', '/readyz?verbose']) {
      expect(ask(url, {}, { token: TOKEN }), url).to.deep.equal({ path: url, trusted: false });
      expect(ask(url, { authorization: `Bearer ${TOKEN}` }, { token: TOKEN })).to.include({ trusted: true });
      expect(ask(url)).to.include({ trusted: true });
    }
    for (const url of ['/healthz/', '/readyz/../api/status', '/HEALTHZ', '//healthz', '/x?/healthz', '/healthz%3f']) {
      expect(given(undefined, url), url).to.equal(401);
    }
  });

  it('asks for the token only after the name: another page learns nothing of it', () => {
    expect(statusOf(ask('/', { host: 'evil.example' }, { token: TOKEN }))).to.equal(421);
  });
});
