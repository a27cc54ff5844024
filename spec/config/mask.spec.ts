import { expect } from 'chai';
import { masked, maskUrl } from '#src/config/mask.js';
import { loadText, UUID } from './support.js';

describe('masked', () => {
  const show = async (config: object) => masked((await loadText(JSON.stringify({ uuid: UUID, ...config }))).declared);

  it('shows the effective configuration, with durations as they are written', async () => {
    const shown = await show({ sync: { interval: '90s', timeout: 1_500, suspectInterval: 3_600_000 } });
    expect(shown.sync).to.include({ interval: '90s', timeout: '1500ms', suspectInterval: '1h', concurrency: 64 });
    expect(shown).to.have.nested.property('announce.retry.max', '10m');
    expect(shown).to.have.nested.property('announce.refresh', 'never');
    expect(await show({ announce: { refresh: '24h' } })).to.have.nested.property('announce.refresh', '24h');
    expect(shown.status).to.deep.equal({
      enabled: true,
      host: '127.0.0.1',
      port: 9_464,
      allowedHosts: [],
      basePath: '/',
    });
  });

  it('shows no secret', async () => {
    const shown = await show({
      redis: { url: 'rediss://me:planted@h:1/0' },
      sync: { headers: { authorization: 'planted', interval: 'planted' }, path: '/sync?planted' },
      announce: { path: '/ip?token=planted' },
      http: { signing: { secret: 'planted planted planted' } },
      publicIp: { sources: ['dns', { url: 'https://planted@ip.example/x?planted&key=planted&a=b=planted' }] },
    });
    expect(JSON.stringify(shown)).to.not.include('planted');
    expect(shown).to.deep.include({ http: { client: 'node-fetch', tls: {}, signing: { secret: '***' } } });
    expect(shown).to.have.nested.property('redis.url', 'rediss://***@h:1/0');
    expect(shown.sync).to.deep.include({ headers: { authorization: '***', interval: '***' }, path: '/sync?***' });
    expect(shown).to.have.nested.property('announce.path', '/ip?token=***');
    expect(shown).to.deep.nested.include({
      'publicIp.sources': ['dns', { url: 'https://***@ip.example/x?***&key=***&a=***' }],
    });
  });

  it('shows the database that a URL of Redis names', async () => {
    for (const url of ['redis://h?db=2', 'unix:///run/redis.sock?db=2']) {
      expect(await show({ redis: { url } })).to.have.nested.property('redis.url', url);
    }
  });

  it('shows no password of Redis or of its sentinels', async () => {
    const sentinel = { name: 'main', nodes: ['h:1'], username: 'watcher', password: 'planted' };
    const shown = await show({ redis: { sentinel, username: 'me', password: 'planted' } });
    expect(shown.redis).to.deep.include({
      sentinel: { ...sentinel, password: '***' },
      username: 'me',
      password: '***',
    });
  });

  it('shows the nodes of a cluster without their passwords', async () => {
    const shown = await show({ redis: { cluster: ['redis://:planted@h', 'redis://i'], keyPrefix: '{p}:' } });
    expect(shown.redis).to.deep.include({ cluster: ['redis://***@h', 'redis://i'] });
  });

  it('leaves what is no URL as it is', () => {
    for (const text of ['embedded', './data', '::1', 'http://']) expect(maskUrl(text)).to.equal(text);
    expect(maskUrl('unix:///run/redis.sock')).to.equal('unix:///run/redis.sock');
  });
});
