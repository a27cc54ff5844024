import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import { keys } from '#src/config/keys.js';
import { loadText, problemsIn, UUID } from './support.js';

/** A file that can be read as one of TLS. */
const PEM = fileURLToPath(new URL('../../../spec/fixtures/tls/client.pem', import.meta.url));

type Tree = Readonly<Record<string, unknown>>;

/** The one value at its path, within what makes a group around it complete. */
function treeOf(path: string, value: unknown): Tree {
  const tree = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return { uuid: UUID, ...(tree as Tree) };
}
const problems = (path: string, value: unknown) => problemsIn(loadText(JSON.stringify(treeOf(path, value))));
const load = async (path: string, value: unknown) => (await loadText(JSON.stringify(treeOf(path, value)))).config;

describe('the schema', () => {
  for (const { path } of keys) {
    it(`names ${path} where its value is of a wrong type, and says what it expects`, async () => {
      for (const wrong of [null, [[]], /enabled|newcomers|lead$/.test(path) ? 'no' : true]) {
        const found = await problems(path, wrong);
        expect(found.join(), JSON.stringify(wrong)).to.match(
          new RegExp(`(^|,)${path.replaceAll('.', '\\.')}(\\.0)?: (required: )?expected `),
        );
        expect(found.join()).to.not.match(/Invalid|Too /);
      }
    });
  }

  describe('durations', () => {
    const good: readonly (readonly [unknown, number])[] = [
      ['250ms', 250],
      ['1.5s', 1_500],
      ['5m', 300_000],
      ['336h', 1_209_600_000],
      [50, 50],
      [99.6, 100],
    ];
    for (const [written, intervalMs] of good) {
      it(`${String(written)} is ${intervalMs} ms`, async () => {
        expect((await load('sync.interval', written)).sync.intervalMs).to.equal(intervalMs);
      });
    }
    const bad = [
      '',
      's',
      '30',
      '30 s',
      '-5s',
      '1d',
      '1e3s',
      '5S',
      '337h',
      `${'9'.repeat(40)}h`,
      49,
      -1,
      2 ** 31,
      '49ms',
    ];
    for (const written of bad) {
      it(`${JSON.stringify(written).slice(0, 12)} is none`, async () => {
        expect(await problems('sync.interval', written)).to.deep.equal([
          'sync.interval: expected a duration from 50ms to 336h, such as 250ms, 30s, 5m or 1h (config.yaml:1)',
        ]);
      });
    }
    it('.inf and .nan are none', async () => {
      for (const written of ['.inf', '.nan']) {
        expect(await problemsIn(loadText(`uuid: ${UUID}\nsync: {interval: ${written}}`))).to.have.length(1);
      }
    });
    it('never is one for what may never happen, and only there', async () => {
      expect((await load('announce.refresh', 'never')).announce.refreshMs).to.equal('never');
      expect((await load('announce.refresh', '90s')).announce.refreshMs).to.equal(90_000);
      expect(await problems('sync.interval', 'never')).to.have.length(1);
    });
    it('a grace may be none at all', async () => {
      expect((await load('shutdown.grace', 0)).shutdown.graceMs).to.equal(0);
    });
  });

  const accepted: readonly (readonly [string, unknown])[] = [
    ['redis.url', 'embedded'],
    ['redis.url', 'rediss://me:p%40ss@redis.example:6380/15'],
    ['redis.url', 'redis://[::1]:6379'],
    ['redis.url', 'unix:///run/redis.sock?db=2'],
    ['redis.url', 'redis://redis.example?db=2'],
    ['redis.url', 'redis://redis.example/?db=2'],
    ['redis.url', 'redis://me:p%40%2F%3F%23%25@redis.example/0'],
    ['redis.url', 'redis://me:p@ss@redis.example/0'],
    ['redis', { url: 'unix:///run/redis.sock', username: 'me', password: 'p@ss/w#rd' }],
    ['redis', { url: 'redis://redis.example/1', password: 'p@ss/w#rd' }],
    ['redis', { url: 'rediss://redis.example', tls: {} }],
    ['redis.sentinel', { name: 'primary', nodes: ['10.0.0.1:26379', '[::1]:26379'] }],
    ['redis', { cluster: ['redis://10.0.0.1'], keyPrefix: 'x{p2p}:' }],
    ['redis', { url: 'redis://127.0.0.1:6379/0', cluster: ['redis://10.0.0.1'], keyPrefix: '{p2p}:' }],
    [
      'redis',
      {
        sentinel: { name: 'primary', nodes: ['10.0.0.1:26379'], username: 'watcher', password: 'one' },
        username: 'me',
        password: 'another',
        database: 3,
      },
    ],
    ['redis.sentinel', { name: 'x', nodes: ['a-b.example:26379', '[::1]:26379', 'under_score:1'] }],
    ['redis', { cluster: ['redis://a', 'redis://b'], keyPrefix: '{p2p}:', username: 'me', password: 'one' }],
    ['redis', { cluster: ['rediss://me:one@a/0', 'rediss://b/'], keyPrefix: '{p2p}:', database: 0 }],
    ['redis.keyPrefix', 'p'.repeat(200)],
    ['sync.headers', { authorization: 'Bearer abc', 'x-node': '' }],
    ['sync.path', '/v1/sync?node=a'],
    ['sync.jitter', 0.5],
    ['sync.spread', 0.9],
    ['sync.port', 65_535],
    ['sync.concurrency', 10_000],
    ['status.port', 0],
    ['publicIp.override', '127.0.0.1'],
    ['publicIp.override', '::ffff:10.0.0.1'],
    ['publicIp.sources', [{ interface: 'eth0' }, { url: 'http://a.example/' }, { url: 'http://b.example/' }]],
    ['network.allow', ['private', 'loopback']],
    ['announce.retry', { initial: '1s', max: '1s' }],
    ['announce.refresh', 'never'],
    ['announce.refresh', '1s'],
    ['http.signing.secret', 'long enough a secret'],
    ['$schema', './config.schema.json'],
  ];
  for (const [path, value] of accepted) {
    it(`takes ${path}: ${JSON.stringify(value).slice(0, 60)}`, async () => {
      expect(await problems(path, value)).to.deep.equal([]);
    });
  }

  it('has one spelling of an override, which is compared with what peers have stored', async () => {
    const spellings = { '2001:DB8:0::1': '2001:db8::1', '::ffff:10.0.0.1': '10.0.0.1', '127.0.0.1': '127.0.0.1' };
    for (const [written, ip] of Object.entries(spellings)) {
      expect((await load('publicIp.override', written)).publicIp.override).to.equal(ip);
    }
  });

  /** Path, value, the key that is named, and what the message has to hold. */
  const refused: readonly (readonly [string, unknown, string, string])[] = [
    ['uuid', '2f1c8a5e8f5b4a529c0e5d0f8f2b7a11', 'uuid', 'a UUID'],
    ['redis.url', 'http://planted@h', 'redis.url', 'embedded'],
    ['redis.url', 'redis://planted@h/zero', 'redis.url', 'database as a number'],
    ['redis.url', 'redis://planted@h?db=zero', 'redis.url', 'database as a number'],
    ['redis.url', 'redis://planted@h?db=', 'redis.url', 'database as a number'],
    ['redis.url', 'redis://planted@h/1?db=1', 'redis.url', 'database once'],
    ['redis.url', 'redis://planted@h?db=1&db=2', 'redis.url', 'no query but ?db='],
    ['redis.url', 'redis://h?password=planted', 'redis.url', 'no query but ?db='],
    ['redis.url', 'redis://h?planted', 'redis.url', 'no query but ?db='],
    ['redis.url', 'redis://h/0#planted', 'redis.url', 'nothing after a #'],
    ...['/', '?', '#'].flatMap((mark) => [
      ['redis.url', `redis://me:12${mark}34planted@h/0`, 'redis.url', '%2F %3F %23 %25'] as const,
      ['redis.url', `redis://planted${mark}@h`, 'redis.url', '%2F %3F %23 %25'] as const,
      ['redis.url', `redis://:p@planted${mark}x@h`, 'redis.url', '%2F %3F %23 %25'] as const,
    ]),
    ['redis.url', 'redis://u:planted%zz@h/0', 'redis.url', '%2F %3F %23 %25'],
    ['redis.url', 'redis://u:plan\tted@h/0', 'redis.url', 'control characters'],
    ['redis.url', ' redis://planted@h/0', 'redis.url', 'redis://'],
    ['redis.url', 'redis://planted@h/0 ', 'redis.url', 'spaces'],
    ['redis.url', 'redis://planted@h:99999', 'redis.url', 'port from 1 to 65535'],
    ['redis.url', 'redis://planted@h:0', 'redis.url', 'port from 1 to 65535'],
    ['redis.url', 'redis://planted@[::1', 'redis.url', 'a host'],
    ['redis.url', 'redis:planted', 'redis.url', 'redis://'],
    ['redis.url', 'unix://run/planted.sock', 'redis.url', 'three slashes'],
    ['redis.url', 'unix:///', 'redis.url', 'three slashes'],
    ['redis.url', 'unix:///planted%zz', 'redis.url', 'three slashes'],
    ['redis.url', 'unix:///planted?db=x', 'redis.url', 'database as a number'],
    ['redis.url', 'unix:///planted?dbb=1', 'redis.url', 'no query but ?db='],
    ['redis.url', 'unix:///planted#1', 'redis.url', 'nothing after a #'],
    ['redis.sentinel', { name: 'x', nodes: ['h:1'], password: '' }, 'redis.sentinel.password', 'a text'],
    ['redis', { url: 'redis://u:planted@h', password: 'planted' }, 'redis.password', 'the one in the URL'],
    ['redis', { url: 'redis://u:planted@h', username: 'planted' }, 'redis.username', 'the one in the URL'],
    ['redis', { url: 'embedded', password: 'planted' }, 'redis.password', 'embedded'],
    ['redis', { url: 'redis://planted@h/1', database: 2 }, 'redis.database', 'redis.url'],
    ['redis.database', 1.5, 'redis.database', 'whole number'],
    ['redis', { url: 'redis://planted@h', tls: { ca: '/planted' } }, 'redis.tls', 'rediss://'],
    ['redis', { url: 'unix:///planted', tls: { ca: '/planted' } }, 'redis.tls', 'rediss://'],
    ['redis', { cluster: ['redis://planted@h'], keyPrefix: '{p}', tls: { ca: '/x' } }, 'redis.tls', 'rediss://'],
    ['redis', { url: 'rediss://h', tls: { cert: PEM } }, 'redis.tls.key', 'redis.tls.cert is set'],
    ['redis', { cluster: ['redis://h', 'rediss://planted@i'], keyPrefix: '{p}' }, 'redis.cluster', 'all rediss://'],
    ['redis', { cluster: ['redis://planted@h/1'], keyPrefix: '{p}' }, 'redis.cluster.0', 'only the database 0'],
    ['redis', { cluster: ['redis://h', 'redis://h?db=1'], keyPrefix: '{p}' }, 'redis.cluster.1', 'only the database 0'],
    ['redis', { cluster: ['redis://u:p/planted@h'], keyPrefix: '{p}' }, 'redis.cluster.0', '%2F %3F %23 %25'],
    ['redis', { cluster: ['redis://h'], keyPrefix: '{p}', database: 1 }, 'redis.database', 'only the database 0'],
    ['redis', { cluster: ['redis://:planted@h'], keyPrefix: '{p}', password: 'planted' }, 'redis.password', 'the URLs'],
    ['redis.sentinel', { name: 'x', nodes: [] }, 'redis.sentinel.nodes', 'host:port'],
    ['redis.sentinel', { name: 'x', nodes: ['planted:99999'] }, 'redis.sentinel.nodes.0', 'host:port'],
    ...['me:planted@h:26379', 'planted@h:1', ':planted@[::1]:1'].map(
      (node) => ['redis.sentinel', { name: 'x', nodes: [node] }, 'redis.sentinel.nodes.0', 'without a login'] as const,
    ),
    ...['redis://planted:26379', 'rediss://me:planted@h:1', 'http://planted:1'].map(
      (node) => ['redis.sentinel', { name: 'x', nodes: [node] }, 'redis.sentinel.nodes.0', 'without redis://'] as const,
    ),
    ...['planted', 'planted:', 'planted:0', 'planted:1/2', 'planted?:1', 'pl anted:1', '[planted]:1', '::1:1'].map(
      (node) => ['redis.sentinel', { name: 'x', nodes: [node] }, 'redis.sentinel.nodes.0', 'host:port'] as const,
    ),
    ['redis.sentinel', { nodes: ['h:1'] }, 'redis.sentinel.name', 'a name'],
    ['redis', { cluster: ['redis://h'] }, 'redis.keyPrefix', 'hash tag'],
    ['redis', { cluster: ['redis://h'], keyPrefix: '{}{planted}' }, 'redis.keyPrefix', 'hash tag'],
    [
      'redis',
      { url: 'redis://planted@h', sentinel: { name: 'x', nodes: ['h:1'] } },
      'redis.url',
      'no url beside sentinel',
    ],
    [
      'redis',
      { cluster: ['redis://h'], keyPrefix: '{p}', sentinel: { name: 'x', nodes: ['h:1'] } },
      'redis.cluster',
      'only one',
    ],
    ['redis.keyPrefix', '', 'redis.keyPrefix', '1 to 200'],
    ['redis.keyPrefix', 'planted here', 'redis.keyPrefix', '1 to 200'],
    ['redis.keyPrefix', '"planted:"', 'redis.keyPrefix', 'without quotes'],
    ['redis.keyPrefix', "'planted:'", 'redis.keyPrefix', 'without quotes'],
    ['redis.keyPrefix', 'planted\n', 'redis.keyPrefix', '1 to 200'],
    ['redis.dataDir', '', 'redis.dataDir', 'a file'],
    ['sync.jitter', 0.51, 'sync.jitter', '0 to 0.5'],
    ['sync.spread', -0.1, 'sync.spread', '0 to 0.9'],
    ['sync.port', 0, 'sync.port', '1 to 65535'],
    ['sync.port', 80.5, 'sync.port', 'a whole number'],
    ['sync.port', '80', 'sync.port', 'a whole number'],
    ['sync.concurrency', 10_001, 'sync.concurrency', '1 to 10000'],
    ['sync.path', 'planted', 'sync.path', 'begins with /'],
    ['sync.path', '/pla nted', 'sync.path', 'begins with /'],
    ['sync.scheme', 'planted', 'sync.scheme', 'http, https'],
    ['sync.headers', { 'bad name': 'planted' }, 'sync.headers.bad…', 'header name'],
    ['sync.headers', { ok: 'planted\n' }, 'sync.headers.ok', 'control characters'],
    ['sync.headers', { ok: 5 }, 'sync.headers.ok', 'a text'],
    ['sync.headers', { 'X-Consumer-Signature': 'planted' }, 'sync.headers.X-Consumer-Signature', 'sets this one'],
    ...['Content-Length', 'host', 'content-type', 'transfer-encoding', 'Connection'].map(
      (name) => ['announce.headers', { [name]: 'planted' }, `announce.headers.${name}`, 'sets this one'] as const,
    ),
    ['availability.fall', 0, 'availability.fall', '1 to 1000'],
    ['publicIp.override', 'planted.example', 'publicIp.override', 'an IP address'],
    ['publicIp.override', 'fe80::1%eth0', 'publicIp.override', 'an IP address'],
    ['publicIp.sources', [], 'publicIp.sources', 'at least one'],
    ['publicIp.sources', ['dns', 'https', 'dns'], 'publicIp.sources.2', 'only once'],
    ['publicIp.sources', [{ url: 'http://h/planted' }, { url: 'http://h/b' }], 'publicIp.sources.1', 'only once'],
    ['publicIp.sources', [{ url: 'http://planted%zz@h/' }], 'publicIp.sources.0.url', '%2F %3F %23 %25'],
    ...['/', '?', '#'].map(
      (mark) =>
        [
          'publicIp.sources',
          [{ url: `https://me:12${mark}34planted@h/` }],
          'publicIp.sources.0.url',
          '%2F %3F %23 %25',
        ] as const,
    ),
    ['publicIp.sources', [{ interface: '' }], 'publicIp.sources.0.interface', 'an interface'],
    ['network.allow', [], 'network.allow', 'public, private, loopback'],
    ['network.allow', ['link-local'], 'network.allow.0', 'public, private, loopback'],
    ['announce.retry', { initial: '2s', max: '1s' }, 'announce.retry.max', 'no shorter'],
    ['announce.refresh', 'planted', 'announce.refresh', 'never or a duration from 1s to 336h'],
    ['announce.refresh', '999ms', 'announce.refresh', 'never or a duration'],
    ['announce.newcomers', 'planted', 'announce.newcomers', 'true or false'],
    ['sync.pending.concurrency', 0, 'sync.pending.concurrency', '1 to 10000'],
    ['http.tls', { cert: PEM }, 'http.tls.key', 'http.tls.cert is set'],
    ['http.tls', { key: PEM }, 'http.tls.cert', 'http.tls.key is set'],
    ['http.client', 'planted', 'http.client', 'one of node-fetch, native'],
    ['http.signing.secret', 'planted', 'http.signing.secret', '16 to 1000'],
    ['status.port', 65_536, 'status.port', '0 to 65535'],
  ];
  for (const [path, value, key, message] of refused) {
    it(`refuses ${path}: ${JSON.stringify(value).slice(0, 60)}, and repeats none of it`, async () => {
      const [problem = '', ...others] = await problems(path, value);
      expect(problem).to.satisfy((line: string) => line.startsWith(`${key}: `), problem);
      expect(problem).to.include(message).and.not.include('planted');
      expect(others).to.deep.equal([]);
    });
  }
});
